import binaryen from "assemblyscript/binaryen";

const SHAPES = "twinwall:shapes/shapes@0.1.0#";

/** Functions whose result refers to memory that is free again when the host has read it. */
const RETURN_MEMORY = ["echo", "pair", "divide", "find", "nested"];

/** Names that differ by more than the interface in front. */
const OTHER_NAMES = new Map([
  ["cabi_realloc", "cabi_realloc"],
  ["counterNew", `${SHAPES}[constructor]counter`],
  ["counterAdd", `${SHAPES}[method]counter.add`],
  ["counterDrop", `${SHAPES}[dtor]counter`],
]);

/**
 * Gives a module's functions the names that the component model has for them: AssemblyScript has identifiers only.
 * @param {Uint8Array} wasm
 * @returns {Uint8Array}
 */
export function nameExports(wasm) {
  const module = binaryen.readBinary(wasm);
  try {
    for (let index = module.getNumExports() - 1; index >= 0; index -= 1) {
      const { name, value, kind } = binaryen.getExportInfo(module.getExportByIndex(index));
      if (kind !== binaryen.ExternalFunction) continue;
      module.removeExport(name);
      if (name === "release") {
        for (const one of RETURN_MEMORY) module.addFunctionExport(value, `cabi_post_${SHAPES}${one}`);
      } else {
        module.addFunctionExport(value, OTHER_NAMES.get(name) ?? `${SHAPES}${name}`);
      }
    }
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
