import { createHash } from "node:crypto";
import type { MachineName } from "@twinwall/abi";
import { compilerText, describeCompiler } from "./description.js";

/**
 * Name of a compilation in the cache: everything that shapes the result, and the trust domain that asked for it.
 *
 * @param domain Domains do not share entries. Absent: the module alone is the domain.
 */
export function cacheKey(
  module: Uint8Array,
  machine: MachineName,
  fuel: boolean,
  domain: string | undefined,
): string {
  const moduleHash = createHash("sha256").update(module).digest("hex");
  const compiler = [describeCompiler().sha256, compilerText(machine, fuel)];
  // JSON keeps neighbouring texts apart.
  const name = JSON.stringify(["twinwall artifact", moduleHash, ...compiler, machine, fuel, domain ?? null]);
  return createHash("sha256").update(name).digest("hex");
}
