import { checkOptionNames } from "@twinwall/abi";
import { type Compiler, makeCompiler } from "./compiler.js";
import { type CompilerSource, checkSource } from "./compiler-source.js";
import { type CompilerOptions, compilerOptions } from "./options.js";

/** How a compiler works, and where it comes from. */
export interface SlimCompilerOptions extends CompilerOptions {
  /**
   * The compiler: contents of the file `@twinwall/compiler/compiler.wasm` of the same release, that file compiled, its
   * address, what came from there, or a promise of one of these. An address is asked for no sooner than the first
   * module that is not in the cache; text is relative to the page (in Node it is a whole URL).
   */
  readonly wasm: CompilerSource;
}

/**
 * Makes a compiler from a WebAssembly module that the caller provides; otherwise as the package's main entry.
 *
 * @throws TwinwallError `E_OPTION` for an option that is unknown or has a bad value. What is wrong with `wasm` comes to light later, when
 * a module must be compiled: `E_NO_FILE` or `E_OPTION`.
 * @example
 * ```ts
 * const compiler = createCompiler({ wasm: fetch("/compiler.wasm") });
 * ```
 */
export function createCompiler(options: SlimCompilerOptions): Compiler {
  checkOptionNames("createCompiler", options, { ...compilerOptions, wasm: true });
  return makeCompiler(options, checkSource(options.wasm));
}
