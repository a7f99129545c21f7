import type { MachineName } from "@twinwall/abi";
import { platform } from "#platform";
import { hex } from "./bytes.js";
import { compilerText, describeCompiler } from "./description.js";

/**
 * Name of a compilation in the cache: everything that shapes the result, and the trust domain that asked for it.
 *
 * @param domain Domains do not share entries. Absent: the module alone is the domain.
 */
export async function cacheKey(
  module: Uint8Array<ArrayBuffer>,
  machine: MachineName,
  fuel: boolean,
  domain: string | undefined,
): Promise<string> {
  const compiler = [describeCompiler().sha256, compilerText(machine, fuel)];
  const moduleHash = hex(await platform.sha256(module));
  // JSON keeps neighbouring texts apart.
  const name = JSON.stringify(["twinwall artifact", moduleHash, ...compiler, machine, fuel, domain ?? null]);
  return hex(await platform.sha256(new TextEncoder().encode(name)));
}
