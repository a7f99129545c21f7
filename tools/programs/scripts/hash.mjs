import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** @param {Uint8Array | string} bytes */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * One hash over names and contents of all files of a folder.
 * @param {string} directory
 */
export function hashDirectory(directory) {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(directory, name)).isFile());
  return sha256(files.map((name) => `${name} ${sha256(readFileSync(join(directory, name)))}\n`).join(""));
}
