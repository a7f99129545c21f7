import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packArchive } from "../src/initramfs.mjs";

const cpioIsThere = spawnSync("cpio", ["--version"]).status === 0;

test("cpio unpacks what the writer packed", ({ skip }) => {
  skip(!cpioIsThere, "the program cpio is missing");
  const directory = mkdtempSync(join(tmpdir(), "initramfs-"));
  try {
    const long = Buffer.alloc(70_001, "x");
    const archive = packArchive([
      { path: "init", content: Buffer.from("#!/bin/sh\n"), mode: 0o755 },
      { path: "a/b/one", content: Buffer.from("1") },
      { path: "a/b/long", content: long },
      { path: "a/empty", content: new Uint8Array() },
    ]);
    const result = spawnSync("cpio", ["--extract", "--quiet"], { cwd: directory, input: archive });
    expect(result.stderr.toString()).toBe("");
    expect(statSync(join(directory, "init")).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(directory, "a/b/one"), "utf8")).toBe("1");
    expect(readFileSync(join(directory, "a/b/long"))).toEqual(long);
    expect(readFileSync(join(directory, "a/empty"))).toHaveLength(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
