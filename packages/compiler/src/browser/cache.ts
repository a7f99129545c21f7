import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { equalBytes } from "../bytes.js";
import type { ArtifactStore } from "../platform.js";
import { sha256 } from "./sha256.js";

/** Longest wait for one access, milliseconds: a database that hangs must not hold up a compilation. */
const PATIENCE = 5000;

const DATABASE = "twinwall-compiler";

interface Entry {
  /** SHA-256 of `payload`. */
  readonly digest: Uint8Array;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Kept apart from the entries, so that making room does not read them. */
interface Use {
  readonly key: string;
  readonly bytes: number;
  /** Time of the last use, milliseconds. */
  readonly used: number;
}

interface Schema extends DBSchema {
  entries: { key: string; value: Entry };
  uses: { key: string; value: Use; indexes: { used: number } };
}

/**
 * Compiled modules in IndexedDB, shared by the pages of an origin. An entry that does not hold together is removed and
 * counts as absent. Nothing here is an error: where storage is denied, full or broken, the cache is empty.
 */
export class BrowserCache implements ArtifactStore {
  /** @param capacity Most bytes in all entries. */
  constructor(readonly capacity: number) {}

  async read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return attempt(async (database) => {
      const entry: unknown = await database.get("entries", key);
      if (entry === undefined) return undefined;
      // Outside of a transaction: one that waits for anything else is over.
      const payload = await checkedPayload(entry);
      if (payload === undefined) await remove(database, key);
      else await touch(database, key).catch(() => undefined);
      return payload;
    });
  }

  async write(key: string, payload: Uint8Array<ArrayBuffer>): Promise<void> {
    if (payload.length > this.capacity) return;
    const digest = await sha256(payload);
    await attempt(async (database) => {
      const transaction = database.transaction(["entries", "uses"], "readwrite");
      await Promise.all([
        transaction.objectStore("entries").put({ digest, payload }, key),
        transaction.objectStore("uses").put({ key, bytes: payload.length, used: Date.now() }),
        makeRoom(transaction, this.capacity),
        transaction.done,
      ]);
    });
  }
}

type Changes = IDBPTransaction<Schema, ["entries", "uses"], "readwrite">;

/** Removes the entries used longest ago until the rest fits. */
async function makeRoom(transaction: Changes, capacity: number): Promise<void> {
  const uses = await transaction.objectStore("uses").index("used").getAll();
  let total = uses.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { key, bytes } of uses) {
    if (total <= capacity) return;
    await removeIn(transaction, key);
    total -= bytes;
  }
}

async function removeIn(transaction: Changes, key: string): Promise<void> {
  await Promise.all([
    transaction.objectStore("entries").delete(key),
    transaction.objectStore("uses").delete(key),
  ]);
}

async function remove(database: IDBPDatabase<Schema>, key: string): Promise<void> {
  const transaction = database.transaction(["entries", "uses"], "readwrite");
  await Promise.all([removeIn(transaction, key), transaction.done]);
}

/** Marks an entry as used, unless another page removed it meanwhile. */
async function touch(database: IDBPDatabase<Schema>, key: string): Promise<void> {
  const transaction = database.transaction("uses", "readwrite");
  const mark = async (): Promise<void> => {
    const use = await transaction.store.get(key);
    if (use !== undefined) await transaction.store.put({ ...use, used: Date.now() });
  };
  await Promise.all([mark(), transaction.done]);
}

/** Opens the database for one access. `undefined` when that or the access fails, or takes too long. */
async function attempt<Result>(
  access: (database: IDBPDatabase<Schema>) => Promise<Result>,
): Promise<Result | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  try {
    return await Promise.race([withDatabase(access).catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A connection that stayed open would keep other pages from deleting or changing the database. */
async function withDatabase<Result>(
  access: (database: IDBPDatabase<Schema>) => Promise<Result>,
): Promise<Result> {
  const database = await openDB<Schema>(DATABASE, 1, {
    upgrade(fresh) {
      fresh.createObjectStore("entries");
      fresh.createObjectStore("uses", { keyPath: "key" }).createIndex("used", "used");
    },
  });
  try {
    return await access(database);
  } finally {
    database.close();
  }
}

/** The payload of what lies in the database, if it is an entry and holds together. */
async function checkedPayload(entry: unknown): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { digest, payload } = entry as Partial<Entry>;
  if (!(digest instanceof Uint8Array) || !(payload instanceof Uint8Array)) return undefined;
  return equalBytes(await sha256(payload), digest) ? payload : undefined;
}
