const loopback = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };

/** An Envoy with one listener that has one filter. */
export function listening(filter: object, rest: object = {}): object {
  const listener = { name: "main", ...loopback, filter_chains: [{ filters: [filter] }] };
  return { static_resources: { listeners: [listener], ...rest } };
}

/** Sends back what it gets. */
export const echo = listening({
  name: "envoy.filters.network.echo",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
});

/** Passes everything on to a port of this machine. */
export function proxy(port: number): object {
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
  const cluster = {
    name: "upstream",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: "upstream",
      endpoints: [{ lb_endpoints: [{ endpoint }] }],
    },
  };
  const filter = {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      stat_prefix: "main",
      cluster: "upstream",
    },
  };
  return listening(filter, { clusters: [cluster] });
}
