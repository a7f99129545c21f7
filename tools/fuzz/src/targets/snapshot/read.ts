// The container and its header, as far as no machine is asked.
import { type ReadSnapshot, readSnapshot } from "@twinwall/runtime/slim";
import { mutate, type Random } from "../../mutate.js";
import { isRefusal, type Outcome, type Target } from "../../target.js";
import { HEAD_BYTES, isSealed, KEY, OTHER_KEY, pack, parseText, seal, toText, unpack } from "./container.js";
import { changeHeader } from "./header.js";

/** What snapshots may claim here, bytes. */
const most = { memory: 2 * 2 ** 20, resultBytes: 2 ** 20 };

/** What an image may have beside that. */
const RUNTIME_BYTES = 64 * 2 ** 20;

/** Who seals it: mostly nobody with a key, and now and then nobody at all. */
function sealer(random: Random): (bytes: Uint8Array) => Uint8Array {
  const what = random.below(10);
  if (what === 0) return (bytes) => bytes;
  const key = what < 7 ? undefined : what < 9 ? KEY : OTHER_KEY;
  return (bytes) => {
    if (random.below(8) > 0 && bytes.length >= HEAD_BYTES) bytes[24] = key === undefined ? 0 : 1;
    return seal(bytes, key);
  };
}

/** Damages the head, of which the digest speaks too. */
function damageHead(bytes: Uint8Array, random: Random): Uint8Array {
  const head = mutate(bytes.slice(0, 32), bytes.subarray(0, 32), random);
  const damaged = bytes.slice();
  damaged.set(head.subarray(0, Math.min(32, bytes.length)));
  return damaged;
}

/** Most that a payload is made longer for a header, bytes. */
const LONGEST = 2 ** 20;

/** As many bytes as a header speaks of, where it speaks of lengths: so that what stands behind their sum is reached. */
function fit(payload: Uint8Array, header: unknown): Uint8Array {
  const { artifact, fileBytes, registers, runs } = (header ?? {}) as Partial<ReadSnapshot["header"]>;
  const spans = [runs].flat().flatMap((run) => [run?.spans].flat(2));
  // Every second number is an offset.
  const lengths = [artifact, fileBytes, registers, ...spans.filter((_, index) => index % 2 === 1)];
  const length = lengths.reduce<number>((sum, one) => sum + Number(one ?? 0), 0);
  if (!Number.isInteger(length) || length < 0 || length > LONGEST) return payload;
  const fitting = new Uint8Array(length);
  fitting.set(payload.subarray(0, length));
  return fitting;
}

function damagePieces(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const { text, payload } = unpack(bytes);
  const donor = unpack(other);
  const what = random.below(8);
  if (what === 0) return pack(mutate(text, donor.text, random), payload, undefined);
  if (what === 1) return pack(text, mutate(payload, donor.payload, random), undefined);
  const header = changeHeader(parseText(text), parseText(donor.text), random);
  return pack(toText(header), random.below(4) === 0 ? payload : fit(payload, header), undefined);
}

/** Reads with a key or without; `undefined` for a refusal. */
function attempt(bytes: Uint8Array, key: Uint8Array | undefined): ReadSnapshot | undefined {
  try {
    return readSnapshot(bytes.slice(), key, most);
  } catch (error) {
    if (isRefusal(error, ["E_BAD_SNAPSHOT"])) return undefined;
    throw error;
  }
}

/** What was read is what is there: lengths, places, and every byte of memory. */
function compare({ header, artifact, files, state }: ReadSnapshot, bytes: Uint8Array): void {
  const { payload } = unpack(bytes);
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return payload.subarray(at - length, at);
  };
  const same = (name: string, found: Uint8Array, expected: Uint8Array): void => {
    if (Buffer.compare(found, expected) !== 0) throw new Error(`${name} is not what the snapshot holds`);
  };
  same("the module", artifact, take(header.artifact));
  same("a file", files.bytes, take(header.fileBytes));
  same("a register", state.registers, take(header.registers));
  let [end, total] = [0, 0];
  for (const [index, { address, length, spans }] of header.runs.entries()) {
    const run = state.runs[index];
    const expected = Buffer.alloc(length);
    for (const [offset, count] of spans) expected.set(take(count), offset);
    if (run === undefined || run.address !== address || address < end)
      throw new Error("memory is not where the snapshot has it");
    same("memory", run.bytes, expected);
    end = address + length;
    total += length;
  }
  if (at !== payload.length || state.runs.length !== header.runs.length)
    throw new Error("not everything was read");
  if (header.memory > most.memory || header.resultBytes > most.resultBytes)
    throw new Error("its limits are above those that are allowed");
  if (total > most.memory + most.resultBytes + RUNTIME_BYTES)
    throw new Error(`${total} bytes of memory are more than was allowed`);
  for (const { offset, length } of files.files)
    if (offset + length > files.bytes.length) throw new Error("a file ends behind all files");
}

function run(bytes: Uint8Array): Outcome {
  const keys = [undefined, KEY];
  const found = keys.map((key) => {
    const snapshot = attempt(bytes, key);
    if (snapshot === undefined) return false;
    if (!isSealed(bytes, key)) throw new Error("what nobody sealed was read");
    if ((bytes[24] === 1) !== (key !== undefined)) throw new Error("it says otherwise of its key");
    compare(snapshot, bytes);
    return true;
  });
  if (found.every(Boolean)) throw new Error("a key made no difference");
  return found.some(Boolean) ? "read" : "refused";
}

/** Containers with small contents; their module is none that could run. */
export const snapshot: Target = {
  name: "snapshot",
  reads: "snapshots: container, digest with and without a key, header",
  damage(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
    const finish = sealer(random);
    const what = random.below(8);
    if (what === 0) return finish(mutate(bytes, other, random));
    if (what === 1) return finish(damageHead(bytes, random));
    return finish(damagePieces(bytes, other, random));
  },
  run,
};
