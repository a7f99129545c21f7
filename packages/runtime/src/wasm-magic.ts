/** `\0asm`, see https://webassembly.github.io/spec/core/binary/modules.html. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Whether bytes begin like a WebAssembly module. */
export function looksLikeWasm(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}
