import type { ErrorCode } from "@twinwall/abi";

/** What a service counts; gauges are asked for when the text is made. */
export class Metrics {
  chunks = 0;
  bytes = 0;
  hostCalls = 0;
  connections = 0;
  closedByGuest = 0;
  noMachine = 0;
  logDropped = 0;
  readonly failures = new Map<ErrorCode, number>();
  /** Of the guest, by index of option `counters`. */
  readonly guest: bigint[];

  constructor(private readonly guestNames: readonly string[]) {
    this.guest = guestNames.map(() => 0n);
  }

  failed(code: ErrorCode): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }

  /** Everything as Prometheus reads it. */
  text(gauges: Gauges): string {
    const out = new Exposition();
    out.counter("chunks", "Chunks given to the guest", this.chunks);
    out.counter("bytes", "Bytes of those chunks", this.bytes);
    out.counter("host_calls", "Calls of host functions by the guest", this.hostCalls);
    out.counter("connections", "Connections of Envoy that sent something", this.connections);
    out.counter("closed_by_guest", "Connections that the guest closed", this.closedByGuest);
    out.counter("no_machine", "Connections closed because all machines were taken", this.noMachine);
    out.counter("log_dropped", "Lines of the guest beyond what it may log in a second", this.logDropped);
    out.family(
      "failures",
      "counter",
      "Connections closed because a call failed, by the error's code",
      [...this.failures].map(([code, count]) => [`{code="${code}"}`, count]),
    );
    this.guestNames.forEach((name, index) => {
      out.counter(`guest_${name}`, "Counted by the guest", this.guest[index] ?? 0n);
    });
    out.gauge("open_connections", "Connections that are open", gauges.connections);
    out.gauge("machines", "Machines that exist", gauges.machines);
    out.gauge("idle_machines", "Machines that wait for a connection", gauges.idleMachines);
    out.counter(
      "session_rotations",
      "HTTP/2 sessions that were told to go after many streams",
      gauges.rotations,
    );
    return out.toString();
  }
}

/** What is as it is now. */
export interface Gauges {
  readonly connections: number;
  readonly machines: number;
  readonly idleMachines: number;
  /** A counter, kept elsewhere. */
  readonly rotations: number;
}

class Exposition {
  private readonly lines: string[] = [];

  counter(name: string, help: string, value: number | bigint): void {
    this.family(name, "counter", help, [["", value]]);
  }

  gauge(name: string, help: string, value: number): void {
    this.family(name, "gauge", help, [["", value]]);
  }

  family(
    name: string,
    type: "counter" | "gauge",
    help: string,
    samples: readonly (readonly [labels: string, value: number | bigint])[],
  ): void {
    const full = `twinwall_envoy_${name}${type === "counter" ? "_total" : ""}`;
    this.lines.push(`# HELP ${full} ${help}.`, `# TYPE ${full} ${type}`);
    for (const [labels, value] of samples) this.lines.push(`${full}${labels} ${value}`);
  }

  toString(): string {
    return `${this.lines.join("\n")}\n`;
  }
}
