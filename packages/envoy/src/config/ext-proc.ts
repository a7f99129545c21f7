import { checkOptionNames, type Duration, type OptionNames, parseDuration } from "@twinwall/abi";
import { type Directions, parseConnectionOptions } from "../options.js";
import { parseAddress, toCluster } from "./address.js";
import { assemble, type GuestFilter, type ListenerOptions, listenerOptions, typed } from "./listener.js";
import type { EnvoyConfig } from "./print.js";

/** What `extProcConfig` takes. */
export interface ExtProcConfigOptions extends ListenerOptions {
  /** Where the service listens: `unix:PATH`, or `HOST:PORT`. */
  readonly service: string;
  /**
   * Directions that are sent to the service. `"both"` loses data of clients that close before the answer has come; with
   * `"read"` that cannot happen. Default `"both"`.
   */
  readonly directions?: Directions;
  /** The deadline of the service's calls, from which follows how long Envoy waits for it. Default `"50ms"`. */
  readonly deadline?: Duration;
}

const known: OptionNames<ExtProcConfigOptions> = {
  service: true,
  directions: true,
  deadline: true,
  ...listenerOptions,
};

/** What Envoy waits longer than a call may take, in microseconds: the way to the service, and other connections' calls. */
const MARGIN = 200_000;

/** Fewer than Node's HTTP/2 server takes: Envoy resets a stream at each close, and after some 1,000 Node closes the lot. */
const STREAMS_PER_CONNECTION = 900;

/** Each TCP connection is a stream; how many there may be is the service's business, which counts those it refuses. */
const MOST_STREAMS = 65_536;

const CLUSTER = "twinwall_ext_proc";

/** Facts of a connection that the guest may ask for. */
const attributes = [
  "source.address",
  "destination.address",
  "connection.requested_server_name",
  "connection.id",
];

/**
 * Makes a configuration of Envoy whose filter sends the data of connections to the service that `createExtProcService` or
 * `twinwall envoy serve` runs.
 *
 * @throws TwinwallError `E_OPTION` for a bad option, naming it.
 * @example
 * ```ts
 * const config = extProcConfig({ service: "unix:/run/twinwall.sock", listen: "127.0.0.1:8080", directions: "read" });
 * await writeFile("envoy.yaml", toYaml(config));
 * ```
 */
export function extProcConfig(options: ExtProcConfigOptions): EnvoyConfig {
  checkOptionNames("options", options, known);
  return assemble(extProcFilter(options), options);
}

function extProcFilter({
  service,
  directions = "both",
  deadline = "50ms",
}: ExtProcConfigOptions): GuestFilter {
  const place = parseAddress(service, "service", 1);
  // Read by the one parser of these options, so that both sides refuse the same.
  const settings = parseConnectionOptions({ module: "-", directions, limits: { deadline } }, "ext-proc");
  const timeout = (parseDuration(deadline, "deadline") + MARGIN) / 1_000_000;
  const filter = {
    name: "envoy.filters.network.ext_proc",
    typed_config: typed("envoy.extensions.filters.network.ext_proc.v3.NetworkExternalProcessor", {
      stat_prefix: "twinwall",
      failure_mode_allow: false,
      message_timeout: `${timeout}s`,
      processing_mode: {
        process_read: settings.directions === "write" ? "SKIP" : "STREAMED",
        process_write: settings.directions === "read" ? "SKIP" : "STREAMED",
      },
      connection_attributes: attributes,
      grpc_service: { envoy_grpc: { cluster_name: CLUSTER } },
    }),
  };
  return { filter, terminal: false, clusters: [toCluster(CLUSTER, place, serviceCluster)] };
}

const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

const serviceCluster: EnvoyConfig = {
  connect_timeout: "1s",
  circuit_breakers: { thresholds: [{ max_requests: MOST_STREAMS, max_pending_requests: MOST_STREAMS }] },
  typed_extension_protocol_options: {
    [httpOptions]: typed(httpOptions, {
      explicit_http_config: { http2_protocol_options: {} },
      common_http_protocol_options: { max_requests_per_connection: STREAMS_PER_CONNECTION },
    }),
  },
};
