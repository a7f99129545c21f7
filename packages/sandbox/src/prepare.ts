import { errorNumbers, TwinwallError } from "@twinwall/abi";
import {
  bootSnapshot,
  chooseDriver,
  type DriverChoice,
  isCommand,
  type LoadedModule,
  loadModule,
  type SnapshotLease,
} from "@twinwall/runtime/slim";
import { missingPiece, shapeProblem } from "./functions.js";
import { HostCalls } from "./host-calls.js";
import { type NamedHostFunction, resolveImports } from "./imports.js";
import type { SandboxOptions } from "./options.js";
import { parseOptions, readModule, type Settings } from "./parse-options.js";
import { sandboxSink } from "./run.js";
import { abortedError } from "./signals.js";
import { Scopes } from "./typed/scopes.js";
import { resolveTypedImports } from "./typed/typed-imports.js";
import type { WorldTypes } from "./world-types.js";

/** A module that is compiled and booted, with everything that a machine of it needs. */
export interface Parts {
  readonly settings: Settings;
  readonly choice: DriverChoice;
  readonly module: LoadedModule;
  readonly lease: SnapshotLease;
  readonly hosts: HostCalls;
  /** Of a component. */
  readonly scopes: Scopes | undefined;
  /** When it was begun, of `performance.now()`. */
  readonly begin: number;
}

/**
 * Compiles the module if no cache has it, and boots it if no snapshot is there.
 *
 * @throws TwinwallError As `Sandbox.create`.
 */
export async function prepare(options: SandboxOptions<WorldTypes>): Promise<Parts> {
  const begin = performance.now();
  const settings = parseOptions(options);
  const { signal, limits } = settings;
  throwIfAborted(signal);
  const bytes = await readModule(settings.module);
  const choice = await chooseDriver(settings.machine, settings.isolation);
  const module = await loadModule(bytes, {
    machine: choice.driver.machine,
    fuel: limits.fuel !== undefined,
    compiler: settings.compiler,
    signal,
    domain: settings.trustDomain,
  });
  throwIfAborted(signal);
  return { settings, choice, module, ...boot(settings, choice, module), begin };
}

function boot(
  settings: Settings,
  choice: DriverChoice,
  module: LoadedModule,
): { hosts: HostCalls; scopes: Scopes | undefined; lease: SnapshotLease } {
  const { functions, scopes } = imports(settings, module);
  checkInit(settings, module);
  const hosts = new HostCalls(functions, sandboxSink(settings.onStdout, settings.onStderr));
  try {
    const lease = bootSnapshot({
      driver: choice.driver,
      module,
      limits: settings.limits,
      hostFunctions: functions.map((named) => named.boot),
      init: settings.init,
      files: settings.files,
      domain: settings.trustDomain ?? module.moduleHash,
      recycle: settings.recycle,
      seed: settings.seed,
      share: settings.share,
      hostCall: hosts.hostCall,
      record: hosts.record,
    });
    const kept = hosts.take();
    if (kept !== undefined) {
      lease.release();
      throw kept.error;
    }
    return { hosts, scopes, lease };
  } catch (error) {
    throw bootError(error, hosts);
  }
}

/**
 * The functions that a machine of the module may call.
 *
 * @param booted Scopes of the machine that booted, where this is another.
 */
export function imports(
  { host }: Settings,
  { facts }: LoadedModule,
  booted?: Scopes,
): { functions: readonly NamedHostFunction[]; scopes: Scopes | undefined } {
  const { world } = facts;
  if (world === undefined) return { functions: resolveImports(facts, host), scopes: undefined };
  // The functions need the scopes, and the scopes the classes that are found with the functions.
  const current = {
    get scope() {
      return scopes.scope;
    },
  };
  const { functions, classes } = resolveTypedImports(world, host, current);
  const scopes = new Scopes(world, classes, booted);
  return { functions, scopes };
}

/** A host function that failed during boot explains the failure better than what the guest made of it. */
function bootError(error: unknown, hosts: HostCalls): TwinwallError {
  const failure = TwinwallError.from(error);
  const kept = hosts.take()?.error;
  if (kept === undefined || errorNumbers[kept.code] !== errorNumbers[failure.code]) return failure;
  return new TwinwallError(kept.code, kept.rawMessage, { backtrace: failure.backtrace, cause: kept.cause });
}

/** Rules out init data that nobody would get. */
function checkInit({ init }: Settings, module: LoadedModule): void {
  if (init.length === 0) return;
  const { exports, world } = module.facts;
  if (world !== undefined)
    throw new TwinwallError("E_OPTION", "init was given, but the module is a component");
  if (isCommand(module))
    throw new TwinwallError("E_OPTION", "init was given, but the module is a WASI command");
  const target = exports.find((item) => item.name === "twinwall_init" && item.kind === "function");
  if (target === undefined) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      'init was given, but the module exports no function "twinwall_init"',
    );
  }
  const problem = shapeProblem(target, ["i32", "i32"], []) ?? missingPiece(exports);
  if (problem !== undefined) throw new TwinwallError(problem.code, problem.message);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}
