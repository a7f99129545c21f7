import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where set-up puts the binary; `tools/setup/src/envoy.mjs` has the version. */
const fetched = fileURLToPath(new URL("../../../.cache/envoy-1.40.0/envoy", import.meta.url));

/** The Envoy binary: the one that `TWINWALL_ENVOY` names, else the one that set-up fetched. */
export function findEnvoy(): string | undefined {
  const path = process.env["TWINWALL_ENVOY"] || fetched;
  return existsSync(path) ? path : undefined;
}

/** Why there can be no Envoy here; `undefined` where there can. */
export function envoyProblem(): string | undefined {
  if (findEnvoy() !== undefined) return undefined;
  const named = process.env["TWINWALL_ENVOY"];
  return named
    ? `no Envoy at ${named} (TWINWALL_ENVOY)`
    : "no Envoy: set-up could not fetch it, `npm run setup` says why";
}

/** The binary's path. */
export function envoyPath(): string {
  const path = findEnvoy();
  if (path === undefined) throw new Error(envoyProblem());
  return path;
}
