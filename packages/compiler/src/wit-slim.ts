import { type CompilerSource, checkSource } from "./compiler-source.js";
import { type DescribeWitOptions, describeIn, type WitDescription } from "./describe-wit.js";
import { freshBackends } from "./kept-backend.js";

/** How a world is described, and by what. */
export interface SlimDescribeWitOptions extends DescribeWitOptions {
  /** The compiler, as for `createCompiler`. */
  readonly wasm: CompilerSource;
}

/**
 * Reads a world that is written in WIT, by a WebAssembly module that the caller provides; otherwise as in the package's
 * main entry, but for the Worker, which goes with each call.
 *
 * @throws TwinwallError As there; what is wrong with `wasm` is `E_NO_FILE` or `E_OPTION`.
 * @example
 * ```ts
 * await describeWit({ "calc.wit": text }, { wasm: fetch("/compiler.wasm") });
 * ```
 */
export async function describeWit(
  files: Readonly<Record<string, string>>,
  options: SlimDescribeWitOptions,
): Promise<WitDescription> {
  const { wasm, ...others } = options ?? {};
  return describeIn(freshBackends(checkSource(wasm)), files, others);
}
