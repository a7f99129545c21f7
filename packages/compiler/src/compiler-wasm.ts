/**
 * The compiler's WebAssembly module, as this package carries it. Nothing is read before it is needed.
 *
 * Bundlers know this form and copy the file. It has a module to itself, which `./slim` does not import: the mere sight
 * of it makes them do so. The sources and the built files both lie one folder below the package.
 */
export const compilerWasm: URL = new URL("../artifacts/compiler_bg.wasm", import.meta.url);
