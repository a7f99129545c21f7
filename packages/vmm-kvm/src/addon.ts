import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TwinwallError } from "@twinwall/abi";
import { addonFunctions, type NativeAddon } from "./native.js";

/** File name of the addon for this system. */
export const addonName = "twinwall-vmm-kvm.linux-x64-gnu.node";

let loaded: NativeAddon | undefined;

/** Where the addon may lie: beside the built code, or in `dist` when the sources run. */
export function addonPaths(): string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, addonName), join(here, "../dist", addonName), join(here, "../artifacts", addonName)];
}

/**
 * Loads the native addon, once.
 *
 * @throws TwinwallError `E_NO_MACHINE` when it is not there or does not load.
 */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const path = addonPaths().find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new TwinwallError(
      "E_NO_MACHINE",
      `the native addon ${addonName} is missing; install @twinwall/vmm-kvm again, or in a checkout run \`pnpm build\``,
    );
  }
  loaded = requireAddon(path);
  return loaded;
}

function requireAddon(path: string): NativeAddon {
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)(path);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new TwinwallError("E_NO_MACHINE", `the native addon does not load: ${reason}`, { cause: error });
  }
  if (!isAddon(addon)) {
    throw new TwinwallError(
      "E_NO_MACHINE",
      `${path} is of another release; build or install @twinwall/vmm-kvm again`,
    );
  }
  return addon;
}

function isAddon(value: unknown): value is NativeAddon {
  return typeof value === "object" && value !== null && addonFunctions.every((name) => name in value);
}
