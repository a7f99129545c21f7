// The kernel unpacks an initial file system in the "newc" form of cpio; it is simple enough to write here.

const types = { directory: 0o040000, file: 0o100000 };

/**
 * @typedef {object} Entry
 * @property {string} path without a slash in front; its directories need no entries of their own
 * @property {Uint8Array} content
 * @property {number} [mode] permission bits, default 0644
 */

/**
 * Packs files into an uncompressed cpio archive.
 * @param {Entry[]} entries
 * @returns {Buffer}
 */
export function packArchive(entries) {
  const directories = new Set(entries.flatMap(({ path }) => parents(path)));
  let inode = 1;
  const parts = [...directories].sort().map((path) => record(path, types.directory | 0o755, inode++, empty));
  for (const { path, content, mode } of entries)
    parts.push(record(path, types.file | (mode ?? 0o644), inode++, content));
  parts.push(record("TRAILER!!!", 0, 0, empty));
  return Buffer.concat(parts);
}

const empty = new Uint8Array();

/** @param {string} path */
function parents(path) {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

/**
 * @param {string} path
 * @param {number} mode
 * @param {number} inode
 * @param {Uint8Array} content
 */
function record(path, mode, inode, content) {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, time, size, four device numbers, length of the name, checksum (unused)
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

/** @param {Uint8Array} bytes */
function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
