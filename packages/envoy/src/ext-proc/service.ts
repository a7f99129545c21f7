import { checkOptionNames, type Duration, parseDuration, TwinwallError } from "@twinwall/abi";
import { Connection, type Shared } from "./connection.js";
import { GrpcServer } from "./grpc-server.js";
import { Host } from "./host.js";
import type { ListenAddress } from "./listen.js";
import { type LoadedGuests, loadGuests } from "./load.js";
import { Metrics } from "./metrics.js";
import { MetricsServer } from "./metrics-server.js";
import { type ExtProcOptions, type ExtProcSettings, parseExtProcOptions } from "./options.js";
import { Scratch } from "./scratch.js";

const PROCESS = "/envoy.service.network_ext_proc.v3.NetworkExternalProcessor/Process";

/** Longest message of Envoy, bytes. It sends what its connection buffer holds, by default about 1 MiB. */
const MESSAGE_BYTES = 4 * 2 ** 20;

/** How long open connections have when the service closes and nothing is said. */
const DEFAULT_DRAIN = "5s";

/** How {@link ExtProcService.close} closes. */
export interface CloseOptions {
  /** How long open connections have to end by themselves. Default `"5s"`; `"none"` ends them at once. */
  readonly drain?: Duration | "none";
}

/**
 * The service that Envoy's filter `envoy.filters.network.ext_proc` sends connections to: each chunk of data goes through
 * function `on_data` of a sandboxed guest, and what the guest returns is passed on.
 *
 * It fails closed: when a call of the guest fails, its connection is reset with nothing of the chunk passed on, and others
 * go on. That Envoy does the same when the service is gone, its filter says (`failure_mode_allow: false`).
 *
 * Calls run on the thread of the event loop, one after the other, so a guest that uses its deadline holds the others up
 * for as long. Run several services where that matters.
 */
export class ExtProcService {
  /** Where the guest runs; `"none"` for measurements without one. */
  readonly machine: "kvm" | "soft" | "none";
  /** Why that machine was taken, one line. */
  readonly machineReason: string;

  readonly #loaded: LoadedGuests;
  readonly #metrics: Metrics;
  readonly #server: GrpcServer;
  readonly #metricsServer: MetricsServer;
  #address: ListenAddress | undefined;
  #open = 0;
  #closing: Promise<void> | undefined;

  /** @private Internal: {@link createExtProcService} makes services. */
  constructor(
    { connections: settings, log }: ExtProcSettings,
    loaded: LoadedGuests,
    metrics: Metrics,
    host: Host,
  ) {
    this.machine = loaded.machine;
    this.machineReason = loaded.machineReason;
    this.#loaded = loaded;
    this.#metrics = metrics;
    const shared: Shared = {
      settings,
      guests: loaded.guests,
      host,
      metrics,
      scratch: new Scratch(settings.limits.resultBytes),
      log,
      opened: (change) => {
        this.#open += change;
      },
    };
    let number = 0;
    this.#server = new GrpcServer({
      path: PROCESS,
      messageBytes: MESSAGE_BYTES,
      accept: (stream) => new Connection(++number, stream, shared),
    });
    this.#metricsServer = new MetricsServer(
      () => this.metrics(),
      () => this.#address !== undefined && this.#closing === undefined,
    );
  }

  /** Where Envoy is listened for; `undefined` before `listen`. */
  get address(): ListenAddress | undefined {
    return this.#address;
  }

  /**
   * Listens for Envoy, on a Unix socket or a TCP address; port 0 takes a free one. Whoever can connect can have data
   * processed; there is no TLS.
   *
   * @throws TwinwallError `E_OPTION` when the address cannot be listened on; `E_BUSY` when it listens already;
   * `E_DISPOSED` after `close`.
   */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    this.#checkOpen();
    this.#address = await this.#server.listen(address);
    return this.#address;
  }

  /**
   * Serves `/metrics` (Prometheus) and `/healthz` (200, or 503 while it drains) over HTTP.
   *
   * @throws TwinwallError `E_OPTION` when the address cannot be listened on; `E_BUSY` when it serves them already;
   * `E_DISPOSED` after `close`.
   */
  async listenMetrics(address: ListenAddress): Promise<ListenAddress> {
    this.#checkOpen();
    return await this.#metricsServer.listen(address);
  }

  /** What was counted so far, as Prometheus reads it. */
  metrics(): string {
    const { guests } = this.#loaded;
    return this.#metrics.text({
      connections: this.#open,
      machines: guests.machines,
      idleMachines: guests.idleMachines,
      rotations: this.#server.rotations,
    });
  }

  /**
   * Accepts nothing new, lets open connections end until the drain time is over, then ends them, so that Envoy closes
   * them, and gives all machines back. A second call waits for the first.
   *
   * @throws TwinwallError `E_OPTION` for a bad drain time, and for an unknown option.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkOptionNames("close", options, { drain: true });
    const { drain = DEFAULT_DRAIN } = options;
    const drainMs = drain === "none" ? 0 : parseDuration(drain, "drain") / 1000;
    this.#closing ??= this.#shutDown(drainMs);
    await this.#closing;
  }

  async #shutDown(drainMs: number): Promise<void> {
    await this.#server.close(drainMs);
    this.#loaded.guests.close();
    await this.#metricsServer.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new TwinwallError("E_DISPOSED", "the service is closed");
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Makes a service: reads the module, compiles and boots it. It listens when it is told where.
 *
 * `machine: "none"` runs no guest and passes everything through; it is there to measure what the rest costs.
 *
 * @throws TwinwallError `E_OPTION` naming what is unknown or bad; `E_NO_FILE`; `E_BAD_MODULE` for another SHA-256 or a
 * function `on_data` of another shape; `E_NO_FUNCTION` without one; and what `Sandbox.create` fails with.
 * @example
 * ```ts
 * const service = await createExtProcService({ module: "guest.wasm", state: "connection" });
 * await service.listen({ path: "/run/twinwall.sock" });
 * ```
 */
export async function createExtProcService(options: ExtProcOptions): Promise<ExtProcService> {
  const settings = parseExtProcOptions(options);
  const metrics = new Metrics(settings.connections.counters);
  const host = new Host(metrics, settings.log);
  const loaded = await loadGuests(settings.connections, host, settings.log);
  return new ExtProcService(settings, loaded, metrics, host);
}
