const address = 0x40_0000;
const pages = 4096;

/** Fields of eight bytes, little endian. @param {...(number | bigint)} values */
const words = (...values) =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes;
    }),
  );

/** Fields of four bytes. @param {...number} values */
const halves = (...values) =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    }),
  );

/**
 * The smallest image of the KVM machine that its loader takes: code, read-only data with the header, writable data.
 * @param {number} version of the guest ABI
 */
export function elf(version) {
  const names = Buffer.from("\0.twinwall\0.shstrtab\0");
  const header = Buffer.concat([
    Buffer.from("TWIM"),
    halves(version),
    words(address + 16, pages, 0, pages, pages, pages),
  ]);
  const at = { programs: 64, header: 64 + 3 * 56, names: 64 + 3 * 56 + header.length, sections: 320 };
  const program = (/** @type {number} */ flags, /** @type {number} */ start, /** @type {number} */ length) =>
    Buffer.concat([halves(1, flags), words(0, start, start, Math.min(length, 512), length, pages)]);
  const section = (/** @type {number[]} */ [name, type, flags, place, offset, length]) =>
    Buffer.concat([
      halves(name ?? 0, type ?? 0),
      words(flags ?? 0, place ?? 0, offset ?? 0, length ?? 0),
      halves(0, 0),
      words(1, 0),
    ]);
  const file = Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    // Executable, x86-64, version 1; then entry, places of the tables, and their sizes.
    Buffer.from([2, 0, 62, 0, 1, 0, 0, 0]),
    words(address, at.programs, at.sections),
    Buffer.from([0, 0, 0, 0, 64, 0, 56, 0, 3, 0, 64, 0, 3, 0, 2, 0]),
    program(5, address, pages),
    program(4, address + 2 * pages, 600),
    program(6, address + 4 * pages, 2 * pages),
    header,
    names,
    Buffer.alloc(at.sections - at.names - names.length),
    section([0, 0, 0, 0, 0, 0]),
    section([1, 1, 2, address + at.header, at.header, header.length]),
    section([11, 3, 0, 0, at.names, names.length]),
  ]);
  return Buffer.concat([file, Buffer.alloc(600 - file.length + 64)]);
}
