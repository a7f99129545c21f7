import { extProcConfig, inProcessConfig } from "@twinwall/envoy";
import { connectionOptions, DEADLINE, type Ingredients } from "./parts.js";
import { type PathName, pathOf } from "./paths.js";

/** Where the parts of a path outside of Envoy listen. */
export interface Backends {
  /** The plain echo server: a port of 127.0.0.1. */
  readonly upstreamPort: number;
  /** The services: a Unix socket each. */
  readonly services: ReadonlyMap<PathName, string>;
}

const UPSTREAM = "upstream";

/** What a path adds to the configuration. */
interface Piece {
  readonly filters: readonly object[];
  readonly clusters: readonly object[];
}

/**
 * One Envoy with a listener for each path, on free ports of 127.0.0.1, named as the path.
 *
 * @throws TwinwallError as `inProcessConfig` does.
 */
export async function benchConfiguration(
  paths: readonly PathName[],
  ingredients: Ingredients,
  backends: Backends,
): Promise<object> {
  const listeners: object[] = [];
  const clusters: object[] = [upstreamCluster(backends.upstreamPort)];
  for (const name of paths) {
    const piece = await pieceOf(name, ingredients, backends);
    listeners.push({ name, address: socketAddress(0), filter_chains: [{ filters: piece.filters }] });
    clusters.push(...piece.clusters);
  }
  return { static_resources: { listeners, clusters } };
}

async function pieceOf(name: PathName, ingredients: Ingredients, backends: Backends): Promise<Piece> {
  const { chain } = pathOf(name);
  switch (chain.kind) {
    case "no envoy":
      throw new RangeError(`${name} leads past Envoy`);
    case "echo":
      return { filters: [echoFilter()], clusters: [] };
    case "tcp_proxy":
      return { filters: [proxyFilter(name)], clusters: [] };
    case "v8":
      return { filters: [wasmFilter(ingredients.v8Plugin), echoFilter()], clusters: [] };
    case "in process": {
      const connection = connectionOptions(chain, ingredients);
      const { filters } = piece(await inProcessConfig({ connection, filterOnly: true }));
      return {
        filters: chain.options.terminal === true ? filters : [...filters, echoFilter()],
        clusters: [],
      };
    }
    case "ext_proc": {
      const { filters, clusters } = servicePiece(name, backends.services.get(name) ?? "");
      return { filters: [...filters, echoFilter()], clusters };
    }
  }
}

/** The configuration that users get; only that there are several of them here, so each cluster has the path's name. */
function servicePiece(name: PathName, socket: string): Piece {
  const options = {
    service: `unix:${socket}`,
    directions: "read",
    deadline: DEADLINE,
    filterOnly: true,
  } as const;
  const text = JSON.stringify(extProcConfig(options));
  return piece(JSON.parse(text.replaceAll('"twinwall_ext_proc"', JSON.stringify(name))));
}

function piece({ filters = [], clusters = [] }: Partial<Record<keyof Piece, unknown>>): Piece {
  return { filters: filters as object[], clusters: clusters as object[] };
}

function echoFilter(): object {
  return filter("envoy.filters.network.echo", "echo.v3.Echo", {});
}

function wasmFilter(filename: string): object {
  const code = { local: { filename } };
  const vm_config = { runtime: "envoy.wasm.runtime.v8", code };
  return filter("envoy.filters.network.wasm", "wasm.v3.Wasm", {
    config: { name: "echo", root_id: "echo", vm_config },
  });
}

function proxyFilter(name: PathName): object {
  const fields = { stat_prefix: name, cluster: UPSTREAM };
  return filter("envoy.filters.network.tcp_proxy", "tcp_proxy.v3.TcpProxy", fields);
}

function filter(name: string, type: string, configuration: object): object {
  const url = `type.googleapis.com/envoy.extensions.filters.network.${type}`;
  return { name, typed_config: { "@type": url, ...configuration } };
}

function upstreamCluster(port: number): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }];
  const load_assignment = { cluster_name: UPSTREAM, endpoints };
  return { name: UPSTREAM, type: "STATIC", connect_timeout: "1s", load_assignment };
}

function socketAddress(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
