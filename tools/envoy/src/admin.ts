/** How long one question may take, in milliseconds. */
const PATIENCE_MS = 10_000;

interface ListenerStatus {
  readonly name: string;
  readonly local_address?: { readonly socket_address?: { readonly port_value?: number } };
}

interface Stat {
  readonly name?: string;
  readonly value?: number | string;
}

/** Envoy's administration interface. */
export class AdminClient {
  /** @param address such as `127.0.0.1:40813` */
  constructor(readonly address: string) {}

  /** The text of an answer with status 200. */
  async ask(path: string, method: "GET" | "POST" = "GET"): Promise<string> {
    const response = await this.#fetch(path, method);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  }

  /** Whether all listeners accept connections. */
  async isReady(): Promise<boolean> {
    const response = await this.#fetch("/ready", "GET");
    await response.arrayBuffer();
    return response.status === 200;
  }

  async ports(): Promise<Map<string, number>> {
    const text = await this.ask("/listeners?format=json");
    const { listener_statuses: statuses = [] } = JSON.parse(text) as { listener_statuses?: ListenerStatus[] };
    const ports = statuses.map(
      ({ name, local_address: at }) => [name, at?.socket_address?.port_value ?? 0] as const,
    );
    return new Map(ports.filter(([, port]) => port > 0));
  }

  async stats(prefix: string): Promise<Record<string, number>> {
    const filter = encodeURIComponent(`^${prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
    const text = await this.ask(`/stats?format=json${prefix === "" ? "" : `&filter=${filter}`}`);
    const { stats } = JSON.parse(text) as { stats: Stat[] };
    const numbers = stats.flatMap(({ name, value }) =>
      name !== undefined && typeof value === "number" ? [[name, value] as const] : [],
    );
    return Object.fromEntries(numbers);
  }

  #fetch(path: string, method: string): Promise<Response> {
    return fetch(`http://${this.address}${path}`, { method, signal: AbortSignal.timeout(PATIENCE_MS) });
  }
}
