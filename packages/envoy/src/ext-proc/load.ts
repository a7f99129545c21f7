import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ON_DATA, show, TwinwallError } from "@twinwall/abi";
import { Sandbox, type SandboxOptions } from "@twinwall/sandbox";
import type { ConnectionSettings } from "../options.js";
import { GuestPool, type Guests, NoGuests, SharedGuest } from "./guests.js";
import { failureText, type Host } from "./host.js";
import type { LogLine } from "./log.js";

/** A guest that is ready, and where it runs. */
export interface LoadedGuests {
  readonly guests: Guests;
  readonly machine: "kvm" | "soft" | "none";
  readonly machineReason: string;
}

/**
 * Reads the module, compiles and boots it, and makes the machines that are to be there ahead.
 *
 * @throws TwinwallError `E_NO_FILE`, `E_BAD_MODULE` for another hash or a function of another shape, `E_NO_FUNCTION`
 * without `on_data`, and whatever `Sandbox.create` fails with.
 */
export async function loadGuests(
  settings: ConnectionSettings,
  host: Host,
  log: (line: LogLine) => void,
): Promise<LoadedGuests> {
  const { machine, module } = settings;
  if (module === undefined || machine === "none" || machine === "floor") {
    return { guests: new NoGuests(), machine: "none", machineReason: "there is no guest" };
  }
  const options: SandboxOptions = {
    module: await readModule(module, settings.sha256),
    machine,
    limits: limitOptions(settings),
    host: host.functions(),
    ...(settings.init === "" ? {} : { init: new TextEncoder().encode(settings.init) }),
  };
  const first = await Sandbox.create(options);
  const { machine: taken, machineReason } = first;
  let guests: Guests = new SharedGuest(first);
  try {
    checkShape(first);
    if (settings.state === "connection") guests = await poolOf(first, options, settings, log);
    return { guests, machine: taken, machineReason };
  } catch (error) {
    guests.close();
    throw error;
  }
}

async function poolOf(
  first: Sandbox,
  options: SandboxOptions,
  { warm, machines }: ConnectionSettings,
  log: (line: LogLine) => void,
): Promise<GuestPool> {
  const pool = new GuestPool(options, warm, machines, (error) =>
    log({ level: "error", source: "service", connection: undefined, text: failureText(error) }),
  );
  try {
    await pool.start(first);
    return pool;
  } catch (error) {
    pool.close();
    throw error;
  }
}

async function readModule(path: string, sha256: string | undefined): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? "it cannot be read";
    throw new TwinwallError("E_NO_FILE", `module ${show(path)}: ${reason}`, { cause: error });
  }
  if (sha256 === undefined) return bytes;
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === sha256) return bytes;
  throw new TwinwallError("E_BAD_MODULE", `module ${show(path)}: its SHA-256 is ${found}, not ${sha256}`);
}

function checkShape(sandbox: Sandbox): void {
  const found = sandbox.functions.find((item) => item.name === ON_DATA);
  if (found === undefined) {
    throw new TwinwallError("E_NO_FUNCTION", `the module exports no function "${ON_DATA}"`);
  }
  if (found.bytes) return;
  throw new TwinwallError(
    "E_BAD_MODULE",
    `function "${ON_DATA}" is no bytes function: it must be (i32, i32) -> i64, and the module must export ` +
      '"memory" and "twinwall_allocate"',
  );
}

function limitOptions({ limits }: ConnectionSettings): NonNullable<SandboxOptions["limits"]> {
  const { deadline, cpuTime, fuel, ...others } = limits;
  const time = (us: number | undefined): "none" | `${number}us` => (us === undefined ? "none" : `${us}us`);
  return {
    ...others,
    deadline: time(deadline),
    cpuTime: time(cpuTime),
    fuel: fuel ?? "off",
  };
}
