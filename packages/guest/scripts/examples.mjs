/**
 * A guest in `examples/`, and how its module is made: `artifacts/NAME.wasm`.
 * @typedef {object} Example
 * @property {string} name
 * @property {"rust" | "assemblyscript" | "c"} language
 * @property {string} source for Rust the crate's folder, else the file that is compiled
 * @property {string} [module] for Rust the name of the crate's library
 * @property {string[]} [options] further arguments of the compiler
 */

const smallStack = ["-Wl,-z,stack-size=32768", "-Wl,--stack-first"];
const wasi = ["--target=wasm32-wasi", "-mexec-model=reactor", ...smallStack];
const freestanding = [
  "--target=wasm32",
  "-ffreestanding",
  "-nostdlib",
  "-mbulk-memory",
  "-Wl,--no-entry",
  ...smallStack,
];

/** @type {Example[]} */
export const examples = [
  { name: "rust", language: "rust", source: "examples/rust", module: "example_guest" },
  { name: "assemblyscript", language: "assemblyscript", source: "examples/assemblyscript/guest.ts" },
  { name: "codec-rust", language: "rust", source: "examples/codec-rust", module: "codec_guest" },
  {
    name: "codec-assemblyscript",
    language: "assemblyscript",
    source: "examples/codec-assemblyscript/guest.ts",
  },
  { name: "c", language: "c", source: "examples/c/guest.c", options: ["-std=c11", ...wasi] },
  {
    name: "c-freestanding",
    language: "c",
    source: "examples/c/guest.c",
    options: ["-std=c11", ...freestanding],
  },
  {
    name: "cpp-freestanding",
    language: "c",
    source: "examples/c/guest.c",
    options: ["-x", "c++", "-std=c++17", "-fno-exceptions", ...freestanding],
  },
];
