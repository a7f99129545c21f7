import { type OptionNames, show, TwinwallError } from "@twinwall/abi";
import { isLoopback, parseHostPort, parseListenAddress, toAddress, toCluster } from "./address.js";
import type { EnvoyConfig } from "./print.js";

/** Where Envoy listens and where connections go, both ways of running the guest. */
export interface ListenerOptions {
  /** Where Envoy listens, `ADDRESS:PORT`. Required without `filterOnly`. */
  readonly listen?: string;
  /** Where connections go, `HOST:PORT`. Default: nowhere, what the guest passes on goes back to the client. */
  readonly upstream?: string;
  /** Where Envoy's administration interface listens; only a loopback address. Default: there is none. */
  readonly admin?: string;
  /** Makes only the list of filters, and the clusters that they need, for an existing configuration. Default `false`. */
  readonly filterOnly?: boolean;
}

/** Names of the options of both ways. */
export const listenerOptions: OptionNames<ListenerOptions> = {
  listen: true,
  upstream: true,
  admin: true,
  filterOnly: true,
};

/** What the guest's filter needs around it. */
export interface GuestFilter {
  readonly filter: EnvoyConfig;
  /** Nothing may stand behind it. */
  readonly terminal: boolean;
  readonly clusters: readonly EnvoyConfig[];
  /** Flags of Envoy that the filter relies on. */
  readonly runtime?: Readonly<Record<string, boolean>>;
}

const typePrefix = "type.googleapis.com/";
const UPSTREAM = "twinwall_upstream";

/** `typed_config` of an extension. */
export function typed(type: string, fields: EnvoyConfig): EnvoyConfig {
  return { "@type": typePrefix + type, ...fields };
}

/** A whole bootstrap configuration around the guest's filter, or just that filter and its clusters. */
export function assemble(guest: GuestFilter, options: ListenerOptions): EnvoyConfig {
  const { filter, clusters } = guest;
  if (options.filterOnly === true) {
    checkFilterOnly(options);
    return { filters: [filter], ...(clusters.length === 0 ? {} : { clusters }) };
  }
  const upstream = options.upstream === undefined ? undefined : parseHostPort(options.upstream, "upstream");
  if (upstream !== undefined && guest.terminal) {
    throw new TwinwallError("E_OPTION", 'upstream: with "terminal" connections go nowhere; leave one out');
  }
  const all = [...clusters, ...(upstream ? [toCluster(UPSTREAM, upstream, { connect_timeout: "5s" })] : [])];
  const listener = {
    name: "twinwall",
    address: toAddress(parseListenAddress(options.listen, "listen")),
    filter_chains: [{ filters: [filter, ...filtersBehind(guest, upstream !== undefined)] }],
  };
  const runtime = guest.runtime === undefined ? {} : layered(guest.runtime);
  return {
    ...(options.admin === undefined ? {} : { admin: adminAt(options.admin) }),
    ...runtime,
    static_resources: { listeners: [listener], ...(all.length === 0 ? {} : { clusters: all }) },
  };
}

/** The administration interface's layer stays, in which an operator can change flags while Envoy runs. */
function layered(flags: Readonly<Record<string, boolean>>): EnvoyConfig {
  const layers = [
    { name: "twinwall", static_layer: flags },
    { name: "admin", admin_layer: {} },
  ];
  return { layered_runtime: { layers } };
}

function filtersBehind(guest: GuestFilter, hasUpstream: boolean): EnvoyConfig[] {
  if (guest.terminal) return [];
  if (!hasUpstream) {
    return [
      {
        name: "envoy.filters.network.echo",
        typed_config: typed("envoy.extensions.filters.network.echo.v3.Echo", {}),
      },
    ];
  }
  const fields = { stat_prefix: UPSTREAM, cluster: UPSTREAM };
  return [
    {
      name: "envoy.filters.network.tcp_proxy",
      typed_config: typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", fields),
    },
  ];
}

function adminAt(value: string): EnvoyConfig {
  const place = parseListenAddress(value, "admin");
  if (isLoopback(place.host)) return { address: toAddress(place) };
  throw new TwinwallError(
    "E_OPTION",
    `admin: ${show(place.host)} is no loopback address, and whoever reaches that interface may do everything`,
  );
}

function checkFilterOnly(options: ListenerOptions): void {
  for (const name of ["listen", "upstream", "admin"] as const) {
    if (options[name] === undefined) continue;
    throw new TwinwallError("E_OPTION", `${name}: means nothing with "filterOnly"; leave one out`);
  }
}
