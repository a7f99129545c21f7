import { inflateRawSync } from "node:zlib";

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;

/**
 * One file of a wheel, which is a ZIP archive. Call it only on an archive whose hash was checked.
 * @param {Buffer} archive
 * @param {string} name
 * @returns {Buffer | undefined}
 */
export function readArchived(archive, name) {
  const end = archive.lastIndexOf(littleEndian(endOfDirectory));
  if (end < 0) throw new Error("no ZIP archive");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Error("a damaged ZIP archive");
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString("utf8", at + 46, at + 46 + nameLength) === name) return readEntry(archive, at);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

/**
 * @param {Buffer} archive
 * @param {number} entry where the directory describes the file
 */
function readEntry(archive, entry) {
  const method = archive.readUInt16LE(entry + 10);
  const [packed, size] = [archive.readUInt32LE(entry + 20), archive.readUInt32LE(entry + 24)];
  const header = archive.readUInt32LE(entry + 42);
  if (archive.readUInt32LE(header) !== localHeader) throw new Error("a damaged ZIP archive");
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const data = archive.subarray(start, start + packed);
  const contents = method === 8 ? inflateRawSync(data, { maxOutputLength: Math.max(size, 1) }) : data;
  if ((method !== 0 && method !== 8) || contents.length !== size) throw new Error("a damaged ZIP archive");
  return contents;
}

/** @param {number} value */
function littleEndian(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
