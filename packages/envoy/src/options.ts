import {
  checkOptionNames,
  type LimitOptions,
  type Limits,
  type OptionNames,
  parseCount,
  parseLimits,
  show,
  TwinwallError,
} from "@twinwall/abi";

/** Where the guest runs: in Envoy's own process (dynamic module), or in a service beside it (external processing). */
export type ConnectionMode = "in-process" | "ext-proc";

/**
 * The machine that connections are processed in. In process it is `"kvm"`, out of process `"kvm"`, `"soft"` or `"auto"`.
 * For measurements only: `"none"` passes everything through, and in process `"floor"` does one bare exit for each chunk.
 */
export type ConnectionMachine = "kvm" | "soft" | "auto" | "none" | "floor";

/** Which directions of a connection the guest sees: `"read"` is client to upstream, `"write"` the other. */
export type Directions = "both" | "read" | "write";

/** What both ways of running a guest on Envoy's connections take. An unknown name is `E_OPTION`. */
export interface ConnectionOptions {
  /**
   * Path of the guest's module. In process a `.cwasm` made for `kvm`, or a native image; out of process a `.wasm` or a
   * `.cwasm`. Required, but for machines `"none"` and `"floor"`.
   */
  readonly module?: string;
  /** SHA-256 of that file, 64 hexadecimal digits. Required in process where there is a module. */
  readonly sha256?: string;
  /** Default: `"kvm"` in process, `"auto"` out of process. */
  readonly machine?: ConnectionMachine;
  /** Limits of each call of the guest. Defaults as everywhere, but `deadline` is `"50ms"`, between 100 us and 10 s. */
  readonly limits?: LimitOptions;
  /**
   * `"call"`: each chunk starts from the snapshot. `"connection"`: the guest's state is kept for the connection's life, in
   * a machine of its own. Default `"call"`.
   */
  readonly state?: "call" | "connection";
  /** In process only: on Envoy's worker (`"inline"`), or on a thread of each machine. Default `"inline"`. */
  readonly placement?: "inline" | "thread";
  /** Default `"both"`; with `terminal` `"read"`. */
  readonly directions?: Directions;
  /**
   * In process only: no filter behind this one; what the guest passes on goes back to the client. `directions` must be
   * `"read"`. Default `false`.
   */
  readonly terminal?: boolean;
  /** Names of the counters that the guest may add to, by index: up to 64 of `[a-z0-9_]{1,64}`. Default: none. */
  readonly counters?: readonly string[];
  /** Text for the guest's `twinwall_init`. Default: empty. */
  readonly init?: string;
  /** Machines made ahead, per worker in process and per service out of process. Default 1, most 256. */
  readonly warm?: number;
  /** Most machines per worker or service; a connection beyond is closed and counted. Default 1024, most 65,536. */
  readonly machines?: number;
}

/** Options of connections, checked and filled in. */
export interface ConnectionSettings {
  readonly module: string | undefined;
  /** Lower case. */
  readonly sha256: string | undefined;
  readonly machine: ConnectionMachine;
  readonly limits: Limits;
  readonly state: "call" | "connection";
  readonly placement: "inline" | "thread";
  readonly directions: Directions;
  readonly terminal: boolean;
  readonly counters: readonly string[];
  readonly init: string;
  readonly warm: number;
  readonly machines: number;
}

/** Shortest deadline, microseconds: no call is over before. */
const SHORTEST_DEADLINE = 100;
/** Longest deadline, microseconds: beyond, Envoy's watchdog takes a worker for dead. */
const LONGEST_DEADLINE = 10_000_000;
/** Most counters of a guest. */
const MAX_COUNTERS = 64;
/** Most machines of a worker or service. */
const MAX_MACHINES = 65_536;
/** Most machines made ahead. */
const MAX_WARM = 256;

/** Names of the options of connections. */
export const connectionOptions: OptionNames<ConnectionOptions> = {
  module: true,
  sha256: true,
  machine: true,
  limits: true,
  state: true,
  placement: true,
  directions: true,
  terminal: true,
  counters: true,
  init: true,
  warm: true,
  machines: true,
};

const machinesOf = {
  "in-process": ["kvm", "none", "floor"],
  "ext-proc": ["auto", "kvm", "soft", "none"],
} as const;

/**
 * Checks the options of connections and fills in the defaults. Nothing is read: the module's file is looked at by whoever
 * runs it.
 *
 * @param value What a user wrote; from a file as well as from a program.
 * @throws TwinwallError `E_OPTION` naming the option that is unknown, bad, or means nothing in this mode.
 * @example
 * ```ts
 * parseConnectionOptions({ module: "guest.wasm" }, "ext-proc").state; // => "call"
 * ```
 */
export function parseConnectionOptions(value: unknown, mode: ConnectionMode): ConnectionSettings {
  checkOptionNames("connection options", value, connectionOptions);
  const options = value as ConnectionOptions;
  const inProcess = mode === "in-process";
  const machine = oneOf(options.machine, "machine", machinesOf[mode], inProcess ? "kvm" : "auto");
  const terminal = flagOf(options.terminal, "terminal");
  const otherwise = terminal ? "read" : "both";
  const directions = oneOf(options.directions, "directions", ["both", "read", "write"], otherwise);
  const machines = countOf(options.machines, "machines", { least: 1, most: MAX_MACHINES, fallback: 1024 });
  const settings: ConnectionSettings = {
    module: moduleOf(options.module, machine),
    sha256: sha256Of(options, machine, mode),
    machine,
    limits: limitsOf(options.limits),
    state: oneOf(options.state, "state", ["call", "connection"], "call"),
    placement: oneOf(options.placement, "placement", ["inline", "thread"], "inline"),
    directions,
    terminal,
    counters: countersOf(options.counters),
    init: textOf(options.init, "init"),
    warm: countOf(options.warm, "warm", { least: 0, most: MAX_WARM, fallback: Math.min(1, machines) }),
    machines,
  };
  checkTogether(settings, options, mode);
  return settings;
}

function checkTogether(settings: ConnectionSettings, options: ConnectionOptions, mode: ConnectionMode): void {
  if (settings.warm > settings.machines) {
    throw optionError(
      "warm",
      `${settings.warm} machines made ahead, but "machines" allows ${settings.machines}`,
    );
  }
  if (mode === "ext-proc") {
    for (const name of ["placement", "terminal"] as const) {
      if (options[name] !== undefined)
        throw optionError(name, "means something in process only; out of process leave it out");
    }
  }
  const { machine, placement } = settings;
  if (placement === "thread" && (machine === "none" || machine === "floor")) {
    throw optionError("placement", `machine "${machine}" has no thread of its own`);
  }
  if (settings.terminal && settings.directions !== "read") {
    throw optionError("terminal", 'there is no filter behind: "directions" must be "read"');
  }
}

function moduleOf(value: unknown, machine: ConnectionMachine): string | undefined {
  if (machine === "none" || machine === "floor") {
    if (value === undefined) return undefined;
    throw optionError("module", `machine "${machine}" runs no module; leave it out`);
  }
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw optionError("module", `expected the path of a module, found ${show(value)}`);
}

function sha256Of(
  { module, sha256 }: ConnectionOptions,
  machine: ConnectionMachine,
  mode: ConnectionMode,
): string | undefined {
  if (sha256 === undefined) {
    if (module === undefined || mode === "ext-proc") return undefined;
    throw optionError("sha256", "the hash of the module's file is required in process");
  }
  if (module === undefined) throw optionError("sha256", `machine "${machine}" runs no module; leave it out`);
  if (typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256)) return sha256.toLowerCase();
  throw optionError("sha256", `expected 64 hexadecimal digits, found ${show(sha256)}`);
}

/** Tighter than elsewhere: one slow call holds up everyone who shares the thread. */
function limitsOf(value: unknown): Limits {
  if (value === undefined) return parseLimits({ deadline: "50ms" });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw optionError("limits", `expected an object, found ${show(value)}`);
  }
  if ("nesting" in value)
    throw optionError("limits", "nesting: host functions of connections call no guests");
  const limits = parseLimits({ deadline: "50ms", ...value });
  if (limits.resultBytes < 1)
    throw optionError("limits", "resultBytes: a result has a byte of flags at least");
  if (limits.deadline === undefined || isOutside(limits.deadline)) {
    throw optionError(
      "limits",
      "a deadline is between 100us and 10s: a guest that hangs holds up other connections",
    );
  }
  if (limits.cpuTime !== undefined && isOutside(limits.cpuTime))
    throw optionError("limits", "cpuTime: it is between 100us and 10s");
  return limits;
}

/** Whether a time of so many microseconds is too short or too long. */
function isOutside(time: number): boolean {
  return time < SHORTEST_DEADLINE || time > LONGEST_DEADLINE;
}

function countersOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw optionError("counters", `expected a list of names, found ${show(value)}`);
  if (value.length > MAX_COUNTERS) {
    throw optionError("counters", `${value.length} names are more than the most, ${MAX_COUNTERS}`);
  }
  for (const [index, name] of value.entries()) {
    if (typeof name !== "string" || !/^[a-z0-9_]{1,64}$/.test(name)) {
      throw optionError("counters", `${show(name)} is no name; a name is 1 to 64 of a-z, 0-9 and _`);
    }
    if (value.indexOf(name) !== index) throw optionError("counters", `${show(name)} is there twice`);
  }
  return [...value];
}

function textOf(value: unknown, name: keyof ConnectionOptions): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  throw optionError(name, `expected text, found ${show(value)}`);
}

function flagOf(value: unknown, name: keyof ConnectionOptions): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw optionError(name, `expected true or false, found ${show(value)}`);
}

function countOf(
  value: unknown,
  name: keyof ConnectionOptions,
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  if (value === undefined) return fallback;
  const count = parseCount(value, name);
  if (count >= least && count <= most) return count;
  throw optionError(name, `${count} is not between ${least} and ${most}`);
}

function oneOf<const Choice extends string>(
  value: unknown,
  name: keyof ConnectionOptions,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const shown = choices.map((choice) => `"${choice}"`).join(", ");
  throw optionError(name, `expected one of ${shown}, found ${show(value)}`);
}

function optionError(name: keyof ConnectionOptions, problem: string): TwinwallError {
  return new TwinwallError("E_OPTION", `${name}: ${problem}`);
}
