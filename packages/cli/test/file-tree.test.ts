import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFileTree, TREE_LIMITS } from "../src/file-tree.js";

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

describe("readFileTree", () => {
  let base: string;
  let host: string;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "twinwall-tree-"));
    host = join(base, "tree");
    await mkdir(join(host, "inner"), { recursive: true });
    await writeFile(join(host, "a.txt"), "a");
    await writeFile(join(host, "inner", "b.txt"), "bb");
    await writeFile(join(base, "secret.txt"), "secret");
  });

  afterEach(async () => {
    await rm(base, { recursive: true });
  });

  it("reads a directory with all below it", async () => {
    const files = await readFileTree([`/data=${host}`]);
    expect(Object.keys(files)).toEqual(["/data/a.txt", "/data/inner/b.txt"]);
    expect(text(files["/data/inner/b.txt"])).toBe("bb");
  });

  it("puts a directory at the root, and one file anywhere", async () => {
    const files = await readFileTree([`/=${host}`, `/etc/words=${join(base, "secret.txt")}`]);
    expect(Object.keys(files)).toEqual(["/a.txt", "/inner/b.txt", "/etc/words"]);
  });

  it("follows links inside the tree, and leaves out those that lead out of it or nowhere", async () => {
    await symlink("a.txt", join(host, "good"));
    await symlink("../secret.txt", join(host, "out"));
    await symlink(base, join(host, "up"));
    await symlink("nowhere", join(host, "broken"));
    const files = await readFileTree([`/d=${host}`]);
    expect(Object.keys(files)).toEqual(["/d/a.txt", "/d/good", "/d/inner/b.txt"]);
    expect(text(files["/d/good"])).toBe("a");
  });

  it("does not go round in a link to a directory above it", async () => {
    await symlink("..", join(host, "inner", "loop"));
    expect(Object.keys(await readFileTree([`/d=${host}`]))).toEqual(["/d/a.txt", "/d/inner/b.txt"]);
  });

  it("is not fooled by a sibling whose name begins alike", async () => {
    await mkdir(`${host}-private`);
    await writeFile(join(`${host}-private`, "key"), "key");
    await symlink(`../tree-private/key`, join(host, "key"));
    expect(Object.keys(await readFileTree([`/d=${host}`]))).not.toContain("/d/key");
  });

  it("stops at its limits", async () => {
    await expect(readFileTree([`/d=${host}`], { ...TREE_LIMITS, bytes: 2 })).rejects.toMatchObject({
      code: "E_LIMIT",
    });
    await expect(readFileTree([`/d=${host}`], { ...TREE_LIMITS, entries: 3 })).rejects.toMatchObject({
      code: "E_LIMIT",
    });
    await expect(readFileTree([`/d=${host}`], { ...TREE_LIMITS, depth: 1 })).rejects.toMatchObject({
      code: "E_LIMIT",
    });
  });

  it("names a directory that is not there", async () => {
    await expect(readFileTree([`/d=${join(base, "none")}`])).rejects.toMatchObject({
      code: "E_NO_FILE",
      message: expect.stringContaining("no such file") as string,
    });
  });

  it.each(["nothing", "=x", "data=.", "/a/../b=.", "/a//b=.", "/d="])("refuses %s", async (mapping) => {
    await expect(readFileTree([mapping])).rejects.toMatchObject({ name: "UsageError" });
  });
});
