import {
  checkOptionNames,
  type LimitOptions,
  type Limits,
  type OptionNames,
  parseLimits,
  show,
  TwinwallError,
} from "@twinwall/abi";
import type { FileTree, MachineChoice, ModuleCompiler } from "@twinwall/runtime/slim";
import { packFiles } from "@twinwall/runtime/slim";
import type { Isolation } from "@twinwall/vmm";
import { platform } from "#sandbox/platform";
import { isCallBuffer, showBuffer } from "./buffers.js";
import type { CallOptions, RunOptions, SandboxOptions } from "./options.js";
import { FileError } from "./platform.js";
import type { WorldTypes } from "./world-types.js";

/** Options of a sandbox, checked and filled in. */
export interface Settings {
  readonly module: Uint8Array | string | URL;
  readonly machine: MachineChoice | undefined;
  readonly isolation: Isolation | undefined;
  readonly limits: Limits;
  readonly host: Readonly<Record<string, unknown>>;
  readonly init: Uint8Array;
  readonly files: FileTree;
  readonly trustDomain: string | undefined;
  readonly recycle: boolean;
  readonly share: boolean;
  readonly seed: Uint8Array | undefined;
  readonly onStdout: ((chunk: Uint8Array) => void) | undefined;
  readonly onStderr: ((chunk: Uint8Array) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly compiler: ModuleCompiler | undefined;
}

/** Names of the options of a sandbox. */
export const sandboxOptions: OptionNames<SandboxOptions> = {
  module: true,
  machine: true,
  isolation: true,
  limits: true,
  host: true,
  init: true,
  files: true,
  trustDomain: true,
  recycle: true,
  snapshot: true,
  seed: true,
  onStdout: true,
  onStderr: true,
  signal: true,
  compiler: true,
};

const runOptions: OptionNames<RunOptions> = {
  args: true,
  name: true,
  env: true,
  stdin: true,
  onStdout: true,
  onStderr: true,
  signal: true,
};

/**
 * Checks the options of a sandbox.
 *
 * @throws TwinwallError `E_OPTION` naming what is unknown or bad.
 */
export function parseOptions(options: SandboxOptions<WorldTypes>): Settings {
  checkOptionNames("Sandbox.create", options, sandboxOptions);
  const { module, snapshot = "shared", seed, init, trustDomain } = options;
  need(isModule(module), "module", module, "the bytes or the path of a module");
  need(init === undefined || isCallBuffer(init), "init", init, "a Uint8Array");
  need(
    seed === undefined || (isCallBuffer(seed) && seed.length === 32),
    "seed",
    seed,
    "a Uint8Array of 32 bytes",
  );
  need(trustDomain === undefined || typeof trustDomain === "string", "trustDomain", trustDomain, "a string");
  need(snapshot === "shared" || snapshot === "own", "snapshot", snapshot, '"shared" or "own"');
  need(isCompiler(options.compiler), "compiler", options.compiler, "a compiler, as createCompiler makes it");
  return {
    module,
    machine: options.machine,
    isolation: options.isolation,
    limits: limitsOf(options.limits),
    host: parseHost(options.host),
    // Copies: both are part of the snapshot's name, and the caller's buffers may change. A slice of a Node.js Buffer is none.
    init: new Uint8Array(init ?? []),
    files: packFiles(options.files),
    trustDomain,
    recycle: flag(options.recycle, "recycle", true),
    share: snapshot === "shared",
    seed: seed && new Uint8Array(seed),
    onStdout: callback(options.onStdout, "onStdout"),
    onStderr: callback(options.onStderr, "onStderr"),
    signal: signalOf(options.signal),
    compiler: options.compiler,
  };
}

/** Memory that every host has, bytes: asking takes as long as making a recycled sandbox. */
const LEAST_HOST = 64 * 2 ** 20;

/** Limits, of which none is more than the host has. */
function limitsOf(options: LimitOptions | undefined): Limits {
  const limits = parseLimits(options);
  if (limits.memory <= LEAST_HOST) return limits;
  const most = platform.hostMemory() ?? limits.memory;
  if (limits.memory <= most) return limits;
  throw new TwinwallError(
    "E_OPTION",
    `memory: ${limits.memory} is more than the ${most} bytes of this host; 0 to ${most} are allowed`,
  );
}

/**
 * Checks the options of an asynchronous call; returns its signal.
 *
 * @param subject What has these options, for the error.
 * @throws TwinwallError `E_OPTION` naming what is unknown or bad.
 */
export function checkCallOptions(options: CallOptions = {}, subject = "callAsync"): AbortSignal | undefined {
  if (options instanceof AbortSignal) {
    throw new TwinwallError("E_OPTION", `${subject}: the signal goes into the options: { signal }`);
  }
  checkOptionNames(subject, options, { signal: true });
  return signalOf(options.signal);
}

/**
 * Checks the options of a run.
 *
 * @throws TwinwallError `E_OPTION` naming what is unknown or bad.
 */
export function checkRunOptions(options: RunOptions): void {
  checkOptionNames("run", options, runOptions);
  const { args = [], name = "", env = {}, stdin } = options;
  need(Array.isArray(args) && args.every(isText), "args", args, "a list of strings without NUL");
  need(isText(name), "name", name, "a string without NUL");
  need(typeof env === "object" && env !== null, "env", env, "an object of strings");
  for (const [key, value] of Object.entries(env)) {
    need(key !== "" && isText(key) && !key.includes("="), "env", key, 'names without "=" or NUL');
    need(isText(value), `env: ${key}`, value, "a string without NUL");
  }
  need(
    stdin === undefined || typeof stdin === "string" || isCallBuffer(stdin),
    "stdin",
    stdin,
    "bytes or text",
  );
  callback(options.onStdout, "onStdout");
  callback(options.onStderr, "onStderr");
  signalOf(options.signal);
}

/**
 * The module's bytes, read from its file where a path was given.
 *
 * @throws TwinwallError `E_NO_FILE` naming the file and the reason.
 */
export async function readModule(module: Uint8Array | string | URL): Promise<Uint8Array> {
  if (module instanceof Uint8Array) return module;
  try {
    return await platform.readFile(module);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new TwinwallError("E_NO_FILE", `module ${show(String(module))}: ${error.message}`, {
      cause: error.cause,
    });
  }
}

function isModule(module: unknown): module is Uint8Array | string | URL {
  return isCallBuffer(module) || (typeof module === "string" && module !== "") || module instanceof URL;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && !value.includes("\0");
}

/** Refuses a value that is not what was expected. */
export function need(good: boolean, name: string, value: unknown, expected: string): void {
  if (!good) throw new TwinwallError("E_OPTION", `${name}: expected ${expected}, found ${showBuffer(value)}`);
}

/** What it may hold depends on the module: a module's imports are checked when it is known. */
function parseHost(host: unknown): Readonly<Record<string, unknown>> {
  if (host === undefined) return {};
  need(typeof host === "object" && host !== null, "host", host, "an object of host functions");
  return { ...(host as Record<string, unknown>) };
}

function flag(value: unknown, name: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  need(typeof value === "boolean", name, value, "true or false");
  return value === true;
}

function callback<Value>(value: Value | undefined, name: string): Value | undefined {
  need(value === undefined || typeof value === "function", name, value, "a function");
  return value;
}

function isCompiler(value: SandboxOptions["compiler"]): boolean {
  if (value === undefined) return true;
  return typeof value === "object" && value !== null && typeof value.compile === "function";
}

/** A signal, checked. */
export function signalOf(value: AbortSignal | undefined): AbortSignal | undefined {
  need(value === undefined || value instanceof AbortSignal, "signal", value, "an AbortSignal");
  return value;
}
