const programHeaderOffset = 32;
const programHeaderSizes = 54;
const typeInterpreter = 3;

/**
 * Whether a file is a 64-bit x86 ELF program that runs without a dynamic linker.
 * @param {Buffer} file
 */
export function isStaticProgram(file) {
  const elf64 = file.length >= 64 && file.readUInt32BE(0) === 0x7f454c46 && file[4] === 2;
  if (!elf64 || file.readUInt16LE(18) !== 62) return false;
  const start = Number(file.readBigUInt64LE(programHeaderOffset));
  const size = file.readUInt16LE(programHeaderSizes);
  const count = file.readUInt16LE(programHeaderSizes + 2);
  for (let index = 0; index < count; index++) {
    const at = start + index * size;
    if (at + 4 > file.length || file.readUInt32LE(at) === typeInterpreter) return false;
  }
  return true;
}

/**
 * The modules that a kernel module needs, as its `.modinfo` section names them.
 * @param {Buffer} module
 * @returns {string[]}
 */
export function moduleDependencies(module) {
  const key = "\0depends=";
  const at = module.indexOf(key, 0, "latin1");
  if (at < 0) return [];
  const start = at + key.length;
  const text = module.toString("latin1", start, module.indexOf(0, start));
  return text.split(",").filter(Boolean);
}
