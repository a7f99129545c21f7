/** What the guest exports: byte ABI of core modules, version 1. */
interface EchoExports {
  readonly memory: WebAssembly.Memory;
  twinwall_allocate(size: number): number;
  twinwall_free(pointer: number, size: number): void;
  echo(pointer: number, length: number): bigint;
}

/**
 * The same guest in Node's own WebAssembly engine: one wall instead of two. It takes the place of the micro-VM where
 * there is none.
 */
export function openV8Echo(module: Uint8Array<ArrayBuffer>): (input: Uint8Array) => Uint8Array {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as EchoExports;
  return (input) => {
    const pointer = exports.twinwall_allocate(input.length) >>> 0;
    new Uint8Array(exports.memory.buffer).set(input, pointer);
    const packed = BigInt.asUintN(64, exports.echo(pointer, input.length));
    const start = Number(packed >> 32n);
    const length = Number(packed & 0xffff_ffffn);
    const result = new Uint8Array(exports.memory.buffer).slice(start, start + length);
    exports.twinwall_free(start, length);
    exports.twinwall_free(pointer, input.length);
    return result;
  };
}
