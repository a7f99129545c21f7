import { type Duration, type MachineName, parseDuration } from "@twinwall/abi";
import {
  type ConnectionMachine,
  createExtProcService,
  type ListenAddress,
  parseAddress,
} from "@twinwall/envoy";
import { connectionOptionsOf, type GuestFlags } from "../guest-flags.js";
import { writeLine } from "../streams.js";

/** Options of `twinwall envoy serve`, as they were typed. */
export interface EnvoyServeFlags extends GuestFlags {
  readonly listen: string;
  readonly metrics?: string;
  readonly drain: string;
  /** Not given: what TWINWALL_MACHINE says, else `"auto"`. */
  readonly machine?: MachineName | "auto";
}

/** Runs the service until SIGTERM or SIGINT, and returns the exit status of the process. */
export async function envoyServe(flags: EnvoyServeFlags): Promise<number> {
  const drain = parseDrain(flags.drain);
  const address = parseAddress(flags.listen, "--listen");
  const metricsAddress = flags.metrics === undefined ? undefined : parseAddress(flags.metrics, "--metrics");
  const machine = flags.machine ?? (process.env["TWINWALL_MACHINE"] as ConnectionMachine | undefined);
  const service = await createExtProcService({
    ...connectionOptionsOf(flags),
    ...(machine ? { machine } : {}),
  });
  try {
    const at = await service.listen(address);
    const metrics = metricsAddress && (await service.listenMetrics(metricsAddress));
    // Before the line that says that it may come.
    const signal = nextSignal();
    writeLine(1, readyLine(at, `${service.machine} (${service.machineReason})`, metrics));
    await signal;
  } finally {
    await service.close({ drain });
  }
  return 0;
}

/** Refused before anything is started. */
function parseDrain(text: string): Duration | "none" {
  if (text === "none") return "none";
  return `${parseDuration(text, "--drain")}us`;
}

/** Waits for the first SIGTERM or SIGINT. A second one ends the process as if nobody listened. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off("SIGTERM", stop).off("SIGINT", stop);
      resolve();
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
  });
}

function readyLine(at: ListenAddress, machine: string, metrics: ListenAddress | undefined): string {
  const more = metrics === undefined ? "" : `; metrics: http://${show(metrics)}/metrics`;
  return `twinwall envoy: ready on ${show(at)}; machine: ${machine}${more}`;
}

function show(address: ListenAddress): string {
  if ("path" in address) return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
