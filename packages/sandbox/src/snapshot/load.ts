import { checkOptionNames, type OptionNames, parseLimits, show, TwinwallError } from "@twinwall/abi";
import {
  chooseDriver,
  loadSnapshot,
  moduleOf,
  type ReadSnapshot,
  readSnapshot,
} from "@twinwall/runtime/slim";
import { platform } from "#sandbox/platform";
import { isCallBuffer } from "../buffers.js";
import { HostCalls } from "../host-calls.js";
import { parseOptions, type Settings } from "../parse-options.js";
import { FileError } from "../platform.js";
import { imports, type Parts } from "../prepare.js";
import { sandboxSink } from "../run.js";
import { abortedError } from "../signals.js";
import type { WorldTypes } from "../world-types.js";
import type { FromOptions, SandboxSnapshot } from "./options.js";
import { keyOf, otherMachine } from "./take.js";

const fromOptions: OptionNames<FromOptions> = {
  machine: true,
  isolation: true,
  limits: true,
  host: true,
  trustDomain: true,
  recycle: true,
  onStdout: true,
  onStderr: true,
  signal: true,
  key: true,
};

/** Largest file, bytes: a snapshot of 4 GiB of memory, with its module. */
export const LARGEST_FILE = 6 * 2 ** 30;

/**
 * Everything that a sandbox is made of, from a snapshot.
 *
 * @throws TwinwallError As `Sandbox.from`.
 */
export async function prepareFrom(
  source: string | URL | Uint8Array | SandboxSnapshot,
  options: FromOptions<WorldTypes>,
): Promise<Parts> {
  const begin = performance.now();
  checkOptionNames("Sandbox.from", options, fromOptions);
  const { key: given, ...others } = options;
  const key = keyOf(given);
  // A copy first: what is verified must be what is used.
  const bytes = await bytesOf(source);
  const read = readSnapshot(bytes, key, parseLimits(options.limits));
  const { header } = read;
  const { machine } = options;
  if (machine !== undefined && machine !== "auto" && machine !== header.machine)
    throw otherMachine(show(machine), header.machine);
  const settings = settingsOf(read, others);
  if (settings.signal?.aborted) throw abortedError(settings.signal);
  const choice = await chooseDriver(header.machine, settings.isolation);
  const module = moduleOf(read.facts, read.artifact);
  const { functions, scopes } = imports(settings, module);
  checkHost(
    read,
    functions.map((named) => named.boot),
  );
  const hosts = new HostCalls(functions, sandboxSink(settings.onStdout, settings.onStderr));
  const domain = settings.trustDomain ?? module.moduleHash;
  const lease = await loadSnapshot(read, choice.driver, settings.limits, domain, settings.recycle);
  // Nothing was booted, here or before.
  return { settings, choice, module, hosts, scopes, lease: { ...lease, bootUs: 0, reused: true }, begin };
}

async function bytesOf(source: unknown): Promise<Uint8Array> {
  if (typeof source === "string" || source instanceof URL) return await readFile(source);
  const bytes = isCallBuffer(source)
    ? source
    : (source as Partial<SandboxSnapshot> | null | undefined)?.bytes;
  if (isCallBuffer(bytes)) return new Uint8Array(bytes);
  throw new TwinwallError(
    "E_OPTION",
    `Sandbox.from: expected a snapshot, its bytes or its path, found ${show(source)}`,
  );
}

async function readFile(source: string | URL): Promise<Uint8Array> {
  try {
    return await platform.readWhole(source, LARGEST_FILE);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new TwinwallError("E_NO_FILE", `snapshot ${show(String(source))}: ${error.message}`, {
      cause: error.cause,
    });
  }
}

/** The options of a sandbox as the snapshot has them. */
function settingsOf(
  { header, facts, artifact, files }: ReadSnapshot,
  options: FromOptions<WorldTypes>,
): Settings {
  const { limits } = options;
  const fixed = { memory: header.memory, resultBytes: header.resultBytes };
  const settings = parseOptions({ ...options, limits: { ...fixed, ...limits }, module: artifact });
  for (const name of ["memory", "resultBytes"] as const) {
    if (settings.limits[name] !== fixed[name])
      throw new TwinwallError(
        "E_OPTION",
        `${name}: the snapshot was taken with ${fixed[name]}; leave it out`,
      );
  }
  const counts = settings.limits.fuel !== undefined || header.machine === "soft";
  if (facts.fuel !== counts) {
    const text = facts.fuel ? "counts fuel: set limit fuel" : "does not count fuel: leave limit fuel out";
    throw new TwinwallError("E_OPTION", `fuel: the snapshot's module ${text}`);
  }
  return { ...settings, files };
}

/** The guest knows its host functions by their positions and types, as they were when it booted. */
function checkHost({ header }: ReadSnapshot, functions: readonly unknown[]): void {
  if (JSON.stringify(functions) === JSON.stringify(header.hostFunctions)) return;
  const list = (all: readonly unknown[]): string =>
    all.map((one) => show((one as { name?: unknown } | null)?.name)).join(", ") || "none";
  throw new TwinwallError(
    "E_IMPORT",
    `the snapshot was taken with other host functions: ${list(header.hostFunctions)}, and now there are ${list(functions)}`,
  );
}
