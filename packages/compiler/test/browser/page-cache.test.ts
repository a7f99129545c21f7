import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { insecureHost, launchProfile } from "@twinwall/tool-chromium";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { answering } from "../modules.js";
import { temporaryDirectory } from "../temporary.js";
import { compileIn, openPage, provide, type Site, soft, useSite, visit } from "./site.js";

const site = useSite();

async function modulePaths(count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => provide(site(), `answer-${index}`, answering(index))),
  );
}

test("a second page load finds what the first one stored, and needs no compiler", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPage(site());
  const first = await compileIn(page, path);
  const requested = site().server.requests.length;
  await visit(page, site().server.origin);
  const second = await compileIn(page, path);
  expect([first.fromCache, second.fromCache]).toEqual([false, true]);
  expect(second.bytes).toEqual(first.bytes);
  const since = site().server.requests.slice(requested);
  expect(since).toContain(path);
  expect(since.filter((name) => /compiler_bg|worker/.test(name))).toEqual([]);
});

test("fuel, machine and domain each have entries of their own", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPage(site());
  const asked = [
    soft,
    { ...soft, fuel: false },
    { ...soft, machine: "kvm" },
    { ...soft, domain: "a" },
    { ...soft, domain: "b" },
  ] as const;
  for (const fromCache of [false, true]) {
    for (const options of asked) {
      expect(await compileIn(page, path, {}, options), JSON.stringify(options)).toMatchObject({ fromCache });
    }
  }
});

test("cacheDirectory false keeps nothing and finds nothing", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPage(site());
  await compileIn(page, path, { cacheDirectory: false });
  expect(await page.evaluate(() => indexedDB.databases())).toEqual([]);
  await compileIn(page, path);
  expect(await compileIn(page, path, { cacheDirectory: false })).toMatchObject({ fromCache: false });
});

/** Replaces each entry of the page's cache by what `change` makes of it. */
async function changeEntries(page: Page, change: "byte" | "cut" | "shape" | "digest"): Promise<void> {
  await page.evaluate(async (change) => {
    const finished = <Result>(request: IDBRequest<Result>): Promise<Result> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await finished(indexedDB.open("twinwall-compiler"));
    const store = database.transaction("entries", "readwrite").objectStore("entries");
    for (const key of await finished(store.getAllKeys())) {
      const { digest, payload } = (await finished(store.get(key))) as Record<string, Uint8Array>;
      if (digest === undefined || payload === undefined) throw new Error("no entry");
      if (change === "byte") payload[100] = (payload[100] ?? 0) ^ 1;
      if (change === "digest") digest[31] = (digest[31] ?? 0) ^ 1;
      const changed = { digest, payload: change === "cut" ? payload.slice(0, 500) : payload };
      await finished(store.put(change === "shape" ? "no entry" : changed, key));
    }
    database.close();
  }, change);
}

test.each(["byte", "cut", "shape", "digest"] as const)(
  "a damaged entry (%s) is compiled anew and replaced",
  async (change) => {
    const [path = ""] = await modulePaths(1);
    const page = await openPage(site());
    const good = await compileIn(page, path);
    await changeEntries(page, change);
    expect(await compileIn(page, path)).toEqual(good);
    expect(await compileIn(page, path)).toEqual({ ...good, fromCache: true });
  },
);

test("the entries used longest ago make room", async () => {
  const paths = await modulePaths(4);
  const page = await openPage(site());
  const { bytes = [] } = await compileIn(page, paths[0] ?? "", { cacheDirectory: false });
  const options = { cacheSize: 3 * bytes.length + 1000 };
  const compile = async (index: number): Promise<boolean | undefined> =>
    (await compileIn(page, paths[index] ?? "", options)).fromCache;
  for (const index of [0, 1, 2]) expect(await compile(index)).toBe(false);
  // The first is used again: the second is now the oldest.
  expect(await compile(0)).toBe(true);
  expect(await compile(3)).toBe(false);
  expect(await compile(0)).toBe(true);
  expect(await compile(2)).toBe(true);
  expect(await compile(1)).toBe(false);
});

test("what is larger than the cache is not stored", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPage(site());
  for (const _ of [1, 2]) {
    expect(await compileIn(page, path, { cacheSize: 100 })).toMatchObject({ fromCache: false });
  }
});

test("where no room is left, nothing is stored and nothing is said", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPage(site());
  const complaints = complaintsOf(page);
  const session = await page.context().newCDPSession(page);
  const { origin } = site().server;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100 });
  for (const _ of [1, 2]) expect(await compileIn(page, path)).toMatchObject({ fromCache: false });
  expect(complaints).toEqual([]);
});

test("a page from an insecure origin has a cache too", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPage(site(), `http://${insecureHost}:${site().server.port}`);
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  expect(await compileIn(page, path)).toMatchObject({ fromCache: false });
  expect(await compileIn(page, path)).toMatchObject({ fromCache: true });
});

/** Errors, and promises rejected without anybody noticing, from now on. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
}

/** The page in a browser whose user denies storage to all sites. */
async function openPageWithoutStorage({ server }: Site): Promise<Page> {
  const profile = await temporaryDirectory();
  await mkdir(join(profile, "Default"));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(profile, "Default/Preferences"), JSON.stringify(settings));
  const context = await launchProfile(profile);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await visit(page, server.origin);
  return page;
}

test("where storage is denied, all is compiled and nothing is said", async () => {
  const [path = ""] = await modulePaths(1);
  const page = await openPageWithoutStorage(site());
  const complaints = complaintsOf(page);
  const denied = page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open("any");
        request.onsuccess = () => resolve(false);
        request.onerror = () => resolve(true);
      }),
  );
  expect(await denied).toBe(true);
  for (const _ of [1, 2]) expect(await compileIn(page, path)).toMatchObject({ fromCache: false });
  expect(complaints).toEqual([]);
});
