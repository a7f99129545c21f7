import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TwinwallError } from "@twinwall/abi";

/**
 * Path of the dynamic module that Envoy loads. Its directory is what Envoy's environment names as
 * `ENVOY_DYNAMIC_MODULES_SEARCH_PATH`.
 *
 * @throws TwinwallError `E_NO_FILE` when it was not built: it is for Linux on x86-64.
 */
export function dynamicModulePath(): string {
  const path = fileURLToPath(new URL("../artifacts/libtwinwall_envoy.so", import.meta.url));
  if (existsSync(path)) return path;
  throw new TwinwallError(
    "E_NO_FILE",
    `${path}: Envoy's dynamic module is not there; it is built for Linux on x86-64, in a clone by: npm run build`,
  );
}
