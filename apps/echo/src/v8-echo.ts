import type { Echo } from "./echo.js";

/** What the guest exports: byte ABI of core modules, version 1. */
interface EchoExports {
  readonly memory: WebAssembly.Memory;
  twinwall_allocate(size: number): number;
  twinwall_free(pointer: number, size: number): void;
  echo(pointer: number, length: number): bigint;
}

/** The same guest in Node's own WebAssembly engine: one wall instead of two, as a yardstick for the soft machine. */
export function openV8Echo(module: Uint8Array): Echo {
  const compiled = new WebAssembly.Module(new Uint8Array(module));
  const exports = new WebAssembly.Instance(compiled).exports as unknown as EchoExports;
  return {
    callInto(input, output) {
      const pointer = exports.twinwall_allocate(input.length) >>> 0;
      new Uint8Array(exports.memory.buffer, pointer, input.length).set(input);
      const packed = exports.echo(pointer, input.length);
      const start = Number(BigInt.asUintN(32, packed >> 32n));
      const length = Number(BigInt.asUintN(32, packed));
      output.set(new Uint8Array(exports.memory.buffer, start, length));
      exports.twinwall_free(start, length);
      exports.twinwall_free(pointer, input.length);
      return length;
    },
    [Symbol.dispose]: () => undefined,
  };
}
