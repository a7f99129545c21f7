import type { Duration } from "@twinwall/abi";
import { type Envoy, startEnvoy } from "@twinwall/tool-envoy";
import { type Directions, extProcConfig } from "../../src/index.js";

interface Chain {
  readonly filters: object[];
  readonly clusters: object[];
}

/** Longer than a loaded machine needs for a call: only what fails is to fail. */
export const PATIENCE = "3s";

function chainOf(
  service: string,
  upstreamPort: number | undefined,
  directions: Directions,
  deadline: Duration = PATIENCE,
): Chain {
  const upstream = upstreamPort === undefined ? {} : { upstream: `127.0.0.1:${upstreamPort}` };
  const whole = extProcConfig({
    service,
    listen: "127.0.0.1:0",
    directions,
    deadline,
    ...upstream,
  }) as unknown as {
    static_resources: { listeners: { filter_chains: Chain[] }[]; clusters: object[] };
  };
  const { listeners, clusters } = whole.static_resources;
  return { filters: listeners[0]?.filter_chains[0]?.filters ?? [], clusters };
}

/** Names of the listeners: what is behind the service, and which directions it sees; the hasty one does not wait long. */
export type ListenerName = "echo" | "echo-read" | "proxy" | "proxy-read" | "proxy-write" | "proxy-hasty";

/** One Envoy with a listener for each arrangement, all before the same service. */
export async function startProxy(service: string, upstreamPort: number): Promise<Envoy> {
  const chains: Record<ListenerName, Chain> = {
    echo: chainOf(service, undefined, "both"),
    "echo-read": chainOf(service, undefined, "read"),
    proxy: chainOf(service, upstreamPort, "both"),
    "proxy-read": chainOf(service, upstreamPort, "read"),
    "proxy-write": chainOf(service, upstreamPort, "write"),
    "proxy-hasty": chainOf(service, upstreamPort, "both", "50ms"),
  };
  const listeners = Object.entries(chains).map(([name, { filters }]) => ({
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters }],
  }));
  return await startEnvoy({
    config: { static_resources: { listeners, clusters: chains.proxy.clusters } },
  });
}
