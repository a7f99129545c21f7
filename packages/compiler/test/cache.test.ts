import { chmod, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheDirectory } from "../src/node/cache-directory.js";
import { answering } from "./modules.js";
import { temporaryDirectory, testCompiler } from "./temporary.js";

const plain = { machine: "kvm", fuel: false } as const;

async function entries(directory: string): Promise<string[]> {
  return (await readdir(directory)).map((name) => join(directory, name));
}

test("a second compiler finds what the first one stored, byte for byte", async () => {
  const directory = await temporaryDirectory();
  const first = await testCompiler({ cacheDirectory: directory }).compile(answering(1), plain);
  const second = await testCompiler({ cacheDirectory: directory }).compile(answering(1), plain);
  expect([first.fromCache, second.fromCache]).toEqual([false, true]);
  expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
});

test("module, machine, fuel and domain each have entries of their own", async () => {
  const directory = await temporaryDirectory();
  const compiler = testCompiler({ cacheDirectory: directory });
  const asked = [
    compiler.compile(answering(1), plain),
    compiler.compile(answering(2), plain),
    compiler.compile(answering(1), { ...plain, machine: "soft" }),
    compiler.compile(answering(1), { ...plain, fuel: true }),
    compiler.compile(answering(1), { ...plain, domain: "a" }),
    compiler.compile(answering(1), { ...plain, domain: "b" }),
  ];
  const results = await Promise.all(asked);
  expect(results.map((result) => result.fromCache)).toEqual(asked.map(() => false));
  expect(await readdir(directory)).toHaveLength(asked.length);
});

test("the folder is made for its owner alone, and so are the entries", async () => {
  const directory = join(await temporaryDirectory(), "deep", "cache");
  await testCompiler({ cacheDirectory: directory }).compile(answering(1), plain);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  const [entry = ""] = await entries(directory);
  expect((await stat(entry)).mode & 0o777).toBe(0o600);
});

test("a folder that others may use is refused, with what to type", async () => {
  const directory = await temporaryDirectory();
  await chmod(directory, 0o755);
  const failure = testCompiler({ cacheDirectory: directory }).compile(answering(1), plain);
  await expect(failure).rejects.toMatchObject({
    code: "E_OPTION",
    rawMessage: expect.stringContaining(`chmod 700 '${directory}'`),
  });
  expect(await readdir(directory)).toEqual([]);
});

test("a folder below a file system that has no room for it is refused", { timeout: 20_000 }, async () => {
  const failure = testCompiler({ cacheDirectory: "/proc/twinwall/cache" }).compile(answering(1), plain);
  await expect(failure).rejects.toMatchObject({
    code: "E_OPTION",
    message: expect.stringContaining("it cannot be made"),
  });
});

test("parents of the folder are made too", async () => {
  const cacheDirectory = `${await temporaryDirectory()}/one/two`;
  await testCompiler({ cacheDirectory }).compile(answering(1), plain);
  expect((await stat(cacheDirectory)).mode & 0o777).toBe(0o700);
});

test("a link or a file in place of the folder is refused", async () => {
  const directory = await temporaryDirectory();
  const link = `${directory}/link`;
  await symlink(directory, link);
  const file = `${directory}/file`;
  await writeFile(file, "");
  for (const cacheDirectory of [link, file]) {
    const failure = testCompiler({ cacheDirectory }).compile(answering(1), plain);
    await expect(failure).rejects.toMatchObject({ code: "E_OPTION" });
  }
});

test.runIf(process.getuid?.() === 0)("a folder of another user is refused", async () => {
  const { chown } = await import("node:fs/promises");
  const directory = await temporaryDirectory();
  await chown(directory, 12345, 12345);
  const failure = testCompiler({ cacheDirectory: directory }).compile(answering(1), plain);
  await expect(failure).rejects.toMatchObject({
    code: "E_OPTION",
    rawMessage: expect.stringContaining("user 12345"),
  });
});

const damages: [name: string, damage: (path: string) => Promise<void>][] = [
  [
    "a changed byte",
    async (path) => {
      const bytes = await readFile(path);
      bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
      await writeFile(path, bytes);
    },
  ],
  ["a cut", async (path) => truncate(path, 500)],
  ["nothing left", async (path) => truncate(path, 0)],
  [
    "another entry's bytes",
    async (path) => {
      const bytes = await readFile(path);
      await writeFile(path, Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]));
    },
  ],
];

test.each(damages)("a damaged entry (%s) is compiled anew and replaced", async (_, damage) => {
  const directory = await temporaryDirectory();
  const compiler = testCompiler({ cacheDirectory: directory });
  const good = await compiler.compile(answering(1), plain);
  const [entry = ""] = await entries(directory);
  await damage(entry);
  const again = await compiler.compile(answering(1), plain);
  expect(again.fromCache).toBe(false);
  expect(Buffer.compare(again.bytes, good.bytes)).toBe(0);
  expect(await compiler.compile(answering(1), plain)).toMatchObject({ fromCache: true });
});

test("a link in place of an entry is not followed", async () => {
  const directory = await temporaryDirectory();
  const compiler = testCompiler({ cacheDirectory: directory });
  await compiler.compile(answering(1), plain);
  const [entry = ""] = await entries(directory);
  const elsewhere = join(await temporaryDirectory(), "elsewhere");
  const { rename } = await import("node:fs/promises");
  await rename(entry, elsewhere);
  await symlink(elsewhere, entry);
  expect(await compiler.compile(answering(1), plain)).toMatchObject({ fromCache: false });
});

test("many at once compile a module once", async () => {
  const directory = await temporaryDirectory();
  const compilers = [1, 2].map(() => testCompiler({ cacheDirectory: directory }));
  const asked = compilers.flatMap((compiler) =>
    [1, 2, 3, 4].map(() => compiler.compile(answering(1), plain)),
  );
  const results = await Promise.all(asked);
  const [first] = results;
  for (const result of results)
    expect(Buffer.compare(result.bytes, first?.bytes ?? new Uint8Array())).toBe(0);
  // One for each compiler at most: they do not know of each other while they work.
  expect(results.filter((result) => !result.fromCache).length).toBeLessThanOrEqual(compilers.length);
  expect(await readdir(directory)).toHaveLength(1);
});

test("the entries used longest ago make room", async () => {
  const directory = await temporaryDirectory();
  const { bytes } = await testCompiler().compile(answering(1), plain);
  const compiler = testCompiler({ cacheDirectory: directory, cacheSize: 3 * (bytes.length + 32) });
  for (const number of [1, 2, 3]) {
    await compiler.compile(answering(number), plain);
    // All of them long ago, in the order of their numbers.
    for (const path of await entries(directory)) {
      const { mtimeMs } = await stat(path);
      await utimes(path, mtimeMs / 1000 - 100, mtimeMs / 1000 - 100);
    }
  }
  expect(await compiler.compile(answering(1), plain)).toMatchObject({ fromCache: true });
  await compiler.compile(answering(4), plain);
  expect(await readdir(directory)).toHaveLength(3);
  expect(await compiler.compile(answering(1), plain)).toMatchObject({ fromCache: true });
  expect(await compiler.compile(answering(3), plain)).toMatchObject({ fromCache: true });
  expect(await compiler.compile(answering(2), plain)).toMatchObject({ fromCache: false });
});

test("what is larger than the cache is not stored", async () => {
  const directory = await temporaryDirectory();
  const compiler = testCompiler({ cacheDirectory: directory, cacheSize: 100 });
  await compiler.compile(answering(1), plain);
  expect(await readdir(directory)).toEqual([]);
});

test("old temporary files go, new ones stay", async () => {
  const directory = await temporaryDirectory();
  const [old, recent] = ["0", "1"].map((digit) => join(directory, `.${digit.repeat(36)}.tmp`));
  for (const path of [old, recent]) await writeFile(path ?? "", "");
  await utimes(old ?? "", 1, 1);
  await testCompiler({ cacheDirectory: directory }).compile(answering(1), plain);
  const names = await readdir(directory);
  expect(names).toHaveLength(2);
  expect(names).toContain(`.${"1".repeat(36)}.tmp`);
});

test("the folder comes from the option, then TWINWALL_CACHE_DIR, then the user's cache folder", () => {
  const all = { TWINWALL_CACHE_DIR: "/a", XDG_CACHE_HOME: "/b" };
  expect(cacheDirectory("/c", all)).toBe("/c");
  expect(cacheDirectory(undefined, all)).toBe("/a");
  expect(cacheDirectory(undefined, { XDG_CACHE_HOME: "/b" })).toBe("/b/twinwall");
  expect(cacheDirectory(undefined, { XDG_CACHE_HOME: "relative" })).toMatch(/^\/.*\.cache\/twinwall$/);
  expect(cacheDirectory(false, all)).toBeUndefined();
});
