import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TwinwallError } from "@twinwall/abi";
import { addonFunctions, type NativeAddon } from "./native.js";

/** File name of the addon for this system. */
export const addonName = "twinwall-vmm-kvm.linux-x64-gnu.node";

/** File name of the program that worker processes run. It is read, never executed by its name. */
const workerName = "twinwall-worker.linux-x64-gnu";

let loaded: NativeAddon | undefined;

/** Where a built file may lie: beside the built code, or in `dist` when the sources run. */
function pathsOf(name: string): string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, name), join(here, "../dist", name), join(here, "../artifacts", name)];
}

/**
 * Path of the program that worker processes run.
 *
 * @throws TwinwallError `E_NO_MACHINE` when it is not there.
 */
export function workerPath(): string {
  const path = pathsOf(workerName).find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new TwinwallError(
    "E_NO_MACHINE",
    `the process wall cannot be had: ${workerName} is missing; install @twinwall/vmm-kvm again, or in a checkout run \`pnpm build\``,
  );
}

/**
 * Loads the native addon, once.
 *
 * @throws TwinwallError `E_NO_MACHINE` when it is not there or does not load.
 */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const path = pathsOf(addonName).find((candidate) => existsSync(candidate));
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
