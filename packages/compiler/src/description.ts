import type { MachineName } from "@twinwall/abi";
import { platform } from "#platform";

/** What the build wrote down about the compiler. */
export interface CompilerDescription {
  /** SHA-256 of the compiler's own WebAssembly module, in hexadecimal. */
  readonly sha256: string;
  /** Release and code flags by machine, without and with fuel, as artifacts name them. */
  readonly compilers: Readonly<Record<MachineName, { readonly plain: string; readonly fuel: string }>>;
}

let description: CompilerDescription | undefined;

/**
 * Reads the description of the built compiler, once.
 *
 * @throws TwinwallError `E_INTERNAL` when the package was not built.
 */
export function describeCompiler(): CompilerDescription {
  description ??= platform.readDescription();
  return description;
}

/** Release and code flags of a profile. */
export function compilerText(machine: MachineName, fuel: boolean): string {
  return describeCompiler().compilers[machine][fuel ? "fuel" : "plain"];
}
