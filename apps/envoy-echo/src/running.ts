import type { EnvoyConfig } from "@twinwall/envoy";
import { type Envoy, startEnvoy } from "@twinwall/tool-envoy";

/** An Envoy with the guest on its connections. */
export interface Running extends AsyncDisposable {
  /** Where it runs and on which machine, as the end of a sentence. */
  readonly where: string;
  readonly envoy: Envoy;
  /** Port of the listener with the guest. */
  readonly port: number;
  /** Port of a listener with Envoy's echo filter alone, to compare with. */
  readonly plainPort: number;
  /** Lines that the guest logged so far. */
  guestLog(): readonly string[];
  /** What was counted so far, by name. */
  counters(): Promise<Readonly<Record<string, number>>>;
}

const PLAIN = "plain";

/** Starts Envoy with this configuration, and with a second listener that only echoes. */
export async function startWithPlain(
  config: EnvoyConfig,
  env: Readonly<Record<string, string>> = {},
): Promise<Pick<Running, "envoy" | "port" | "plainPort">> {
  const envoy = await startEnvoy({ config: addPlainListener(config), env });
  const [port = 0, plainPort = 0] = ["twinwall", PLAIN].map((name) => envoy.ports.get(name));
  return { envoy, port, plainPort };
}

function addPlainListener(config: EnvoyConfig): object {
  const resources = config["static_resources"] as { readonly listeners: readonly object[] };
  const echo = {
    name: "envoy.filters.network.echo",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
  };
  const plain = {
    name: PLAIN,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [echo] }],
  };
  return { ...config, static_resources: { ...resources, listeners: [...resources.listeners, plain] } };
}
