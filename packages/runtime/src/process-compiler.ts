import { TwinwallError } from "@twinwall/abi";
import type { Compiler } from "@twinwall/compiler/slim";

/** What compiles modules; `createCompiler` of `@twinwall/compiler` makes one. */
export type ModuleCompiler = Pick<Compiler, "compile">;

let make: (() => ModuleCompiler) | undefined;
let compiler: ModuleCompiler | undefined;

/** @private Internal: the full entry names how a compiler is made. */
export function setCompilerFactory(factory: () => ModuleCompiler): void {
  make = factory;
}

/**
 * The compiler of this process, for whoever brings none.
 *
 * @throws TwinwallError `E_OPTION` with the entry `./slim`, which has none.
 */
export function processCompiler(): ModuleCompiler {
  compiler ??= make?.();
  if (compiler !== undefined) return compiler;
  throw new TwinwallError(
    "E_OPTION",
    "compiler: the slim entry has none of its own; give one made by createCompiler of @twinwall/compiler/slim",
  );
}
