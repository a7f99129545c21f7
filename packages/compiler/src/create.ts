import { checkOptionNames } from "@twinwall/abi";
import { type Compiler, makeCompiler } from "./compiler.js";
import { compilerWasm } from "./compiler-wasm.js";
import { type CompilerOptions, compilerOptions } from "./options.js";

/**
 * Makes a compiler. Nothing starts before the first module that is not in the cache; an idle compiler does not keep
 * the process alive.
 *
 * @throws TwinwallError `E_OPTION` for an option that is unknown or has a bad value.
 * @example
 * ```ts
 * const compiler = createCompiler();
 * const { bytes } = await compiler.compile(wasm, { machine: "kvm", fuel: false });
 * await compiler.close();
 * ```
 */
export function createCompiler(options: CompilerOptions = {}): Compiler {
  checkOptionNames("createCompiler", options, compilerOptions);
  return makeCompiler(options, compilerWasm);
}
