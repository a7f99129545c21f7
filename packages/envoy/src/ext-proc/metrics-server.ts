import { createServer, type Server } from "node:http";
import { type ListenAddress, listen } from "./listen.js";

/** Connections that the metrics endpoint serves at once. */
const CONNECTIONS = 64;

/** Serves `/metrics` and `/healthz` over plain HTTP. */
export class MetricsServer {
  private readonly server: Server;

  /**
   * @param text Makes the metrics.
   * @param healthy Whether new connections are taken.
   */
  constructor(text: () => string, healthy: () => boolean) {
    this.server = createServer(
      { requestTimeout: 5000, headersTimeout: 5000, keepAliveTimeout: 5000 },
      ({ method, url }, response) => {
        const path = url?.split("?")[0];
        if (method !== "GET" && method !== "HEAD") {
          response.writeHead(405, { allow: "GET, HEAD" }).end();
        } else if (path === "/metrics") {
          response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text());
        } else if (path === "/healthz") {
          const good = healthy();
          response.writeHead(good ? 200 : 503, { "content-type": "text/plain" });
          response.end(good ? "ok\n" : "draining\n");
        } else {
          response.writeHead(404).end();
        }
      },
    );
    this.server.maxConnections = CONNECTIONS;
  }

  listen(address: ListenAddress): Promise<ListenAddress> {
    return listen(this.server, address);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
