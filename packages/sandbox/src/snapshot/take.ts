import { checkOptionNames, type MachineName, TwinwallError } from "@twinwall/abi";
import { writeSnapshot } from "@twinwall/runtime/slim";
import type { GuestState } from "@twinwall/vmm";
import { platform } from "#sandbox/platform";
import { isCallBuffer } from "../buffers.js";
import { need } from "../parse-options.js";
import { FileError } from "../platform.js";
import { imports, type Parts } from "../prepare.js";
import type { SandboxSnapshot, SnapshotOptions } from "./options.js";

/** Shortest key, bytes. */
const SHORTEST_KEY = 16;

/**
 * Writes down a guest's state with all that it needs.
 *
 * @param state Takes the state; nothing has happened when it throws.
 * @throws TwinwallError `E_OPTION` for a bad option, and for a sandbox with a fixed seed, which must stay secret;
 * `E_NO_FILE` when the file cannot be written.
 */
export async function takeSnapshot(
  parts: Parts | undefined,
  state: () => GuestState,
  options: SnapshotOptions,
): Promise<SandboxSnapshot> {
  checkOptionNames("snapshot", options, { file: true, key: true });
  const { file } = options;
  need(file === undefined || (typeof file === "string" && file !== ""), "file", file, "a path");
  const key = keyOf(options.key);
  if (parts === undefined)
    throw new TwinwallError("E_INTERNAL", "snapshot: nobody knows what the machine is made of");
  const { settings, module, choice } = parts;
  if (settings.seed !== undefined)
    throw new TwinwallError("E_OPTION", "snapshot: the sandbox has a fixed seed, which would be part of it");
  const { functions } = imports(settings, module);
  const bytes = writeSnapshot(
    {
      driver: choice.driver,
      module,
      files: settings.files,
      hostFunctions: functions.map((named) => named.boot),
      limits: settings.limits,
      state: state(),
    },
    key,
  );
  if (file !== undefined) await write(file, bytes);
  return Object.freeze({ bytes });
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await platform.writePrivate(file, bytes);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new TwinwallError("E_NO_FILE", `snapshot ${JSON.stringify(file)}: ${error.message}`, {
      cause: error.cause,
    });
  }
}

/** The key, checked and copied. */
export function keyOf(key: unknown): Uint8Array | undefined {
  if (key === undefined) return undefined;
  const good = isCallBuffer(key) && key.length >= SHORTEST_KEY;
  need(good, "key", key, `a Uint8Array of at least ${SHORTEST_KEY} bytes`);
  return new Uint8Array(key as Uint8Array);
}

/** A machine that was asked for and is not the snapshot's. */
export function otherMachine(asked: string, machine: MachineName): TwinwallError {
  return new TwinwallError("E_BAD_SNAPSHOT", `snapshot: it was taken on machine ${machine}, not on ${asked}`);
}
