import { compilerWasm } from "./compiler-wasm.js";
import { type DescribeWitOptions, describeIn, type WitDescription } from "./describe-wit.js";
import { KeptBackend } from "./kept-backend.js";

const workers = new KeptBackend(compilerWasm);

/**
 * Reads a world that is written in WIT. Nothing is read from disk. A Worker stays for ten seconds for the next text, and does
 * not keep the process alive; of a text nothing stays behind.
 *
 * @param files Texts by path. Beside the files of a package, `deps/NAME/` and `deps/NAME.wit` are packages that it uses;
 * all files outside of such folders together are the package that has the world.
 * @throws TwinwallError `E_BAD_MODULE` for text that does not parse, with `path:line:column`, and for a world that is not
 * there; `E_UNSUPPORTED` for a world that guests cannot have; `E_LIMIT` for more than 1,000 files or 4 MiB of text;
 * `E_DEADLINE`; `E_TYPE` and `E_OPTION` for bad arguments; `E_NO_FILE` when the compiler itself cannot be loaded.
 * @example
 * ```ts
 * const { world } = await describeWit({
 *   "calc.wit": "package docs:calc; world calc { export add: func(a: u32, b: u32) -> u32; }",
 * });
 * decodeWorld(world).exports[0]?.name; // => "add"
 * ```
 */
export function describeWit(
  files: Readonly<Record<string, string>>,
  options: DescribeWitOptions = {},
): Promise<WitDescription> {
  return describeIn(workers, files, options);
}
