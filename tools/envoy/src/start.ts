import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AdminClient } from "./admin.js";
import { type EnvoyConfiguration, writeConfiguration } from "./configuration.js";
import { Envoy } from "./envoy.js";
import { envoyPath } from "./find.js";
import { waitFor } from "./wait.js";

/** How an Envoy is started. */
export interface StartOptions {
  /**
   * The bootstrap configuration. Its administration interface is replaced by one on a free port of 127.0.0.1. Give
   * listeners port 0, and find what they got in `ports`.
   */
  readonly config: EnvoyConfiguration;
  /** Worker threads. Default 1. */
  readonly concurrency?: number;
  /** Added to this process's environment, such as `ENVOY_DYNAMIC_MODULES_SEARCH_PATH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `"info"`. */
  readonly logLevel?: "trace" | "debug" | "info" | "warning" | "error" | "critical" | "off";
  /** Allows hot restarts: Envoys with the same number take over from each other. `freshBaseId` makes one. Default: none. */
  readonly baseId?: number;
  /** With `baseId`: 0 for the first Envoy, 1 for the one that takes over from it, and so on. Default 0. */
  readonly restartEpoch?: number;
  readonly extraArgs?: readonly string[];
  /** Longest time until it is ready. Default 20,000. */
  readonly timeoutMs?: number;
}

/** Replaces any administration interface: `--config-yaml` is merged over the file. */
const OWN_ADMIN = JSON.stringify({
  admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
});

/** A number for `baseId` that no other Envoy has, most likely. */
export function freshBaseId(): number {
  return randomInt(1_000, 2 ** 28);
}

/**
 * Starts an Envoy and waits until it accepts connections.
 *
 * @throws Error with the last lines of the log when it ends before, or is not ready in time.
 */
export async function startEnvoy(options: StartOptions): Promise<Envoy> {
  const { folder, file } = await writeConfiguration(options.config);
  const addressFile = join(folder, "admin");
  const child = spawn(envoyPath(), argumentsOf(options, file, addressFile), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const envoy = new Envoy(child, folder);
  try {
    const admin = await waitFor("Envoy", () => whenReady(envoy, addressFile), options.timeoutMs ?? 20_000);
    await envoy.attach(admin);
    return envoy;
  } catch (error) {
    envoy.signal("SIGKILL");
    await envoy.stop();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}\n${envoy.log.tail()}`, { cause: error });
  }
}

function argumentsOf(options: StartOptions, file: string, addressFile: string): string[] {
  const { concurrency = 1, logLevel = "info", baseId, restartEpoch = 0, extraArgs = [] } = options;
  const restart =
    baseId === undefined
      ? ["--disable-hot-restart"]
      : ["--base-id", `${baseId}`, "--restart-epoch", `${restartEpoch}`];
  return [
    ...["-c", file, "--config-yaml", OWN_ADMIN, "--admin-address-path", addressFile],
    ...["--concurrency", `${concurrency}`, "--log-level", logLevel],
    ...restart,
    ...extraArgs,
  ];
}

/** The administration interface once it says that all is ready. */
async function whenReady(envoy: Envoy, addressFile: string): Promise<AdminClient | undefined> {
  if (envoy.exit !== undefined)
    throw new Error(`Envoy ended with ${envoy.exit.signal ?? `status ${envoy.exit.code}`}`);
  const address = existsSync(addressFile) ? readFileSync(addressFile, "utf8") : "";
  if (address === "") return undefined;
  const admin = new AdminClient(address);
  return (await admin.isReady().catch(() => false)) ? admin : undefined;
}
