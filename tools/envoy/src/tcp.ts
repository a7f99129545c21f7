import { connect, createServer, type Server, type Socket } from "node:net";
import { waitFor, within } from "./wait.js";

/** How the other side closed: by FIN, or by RST. */
export type CloseKind = "fin" | "reset";

/** Where a client connects to. */
export interface TcpTarget {
  readonly port: number;
  /** Default `"127.0.0.1"`. */
  readonly host?: string;
  /** Longest time until the connection is there, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/** Longest wait of a client for anything, in milliseconds, where nothing else is said. */
const PATIENCE_MS = 5_000;

/** Connects to a port. */
export async function connectTcp({
  port,
  host = "127.0.0.1",
  timeoutMs = PATIENCE_MS,
}: TcpTarget): Promise<TcpClient> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  await within(
    `a connection to ${host}:${port}`,
    timeoutMs,
    new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject)),
  ).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  return new TcpClient(socket);
}

/** A client that waits for what it wants to see, and never longer than it is told. */
export class TcpClient implements Disposable {
  #pieces: Buffer[] = [];
  #available = 0;
  #closed: CloseKind | undefined;
  #wake: (() => void) | undefined;

  constructor(readonly socket: Socket) {
    socket.on("data", (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#available += piece.length;
      this.#wake?.();
    });
    socket.on("end", () => this.#close("fin"));
    socket.on("error", () => this.#close("reset"));
    socket.on("close", () => this.#close("fin"));
  }

  /** Bytes that have come and were not read. */
  get available(): number {
    return this.#available;
  }

  /** Sends bytes; resolves when the system has taken them all, or the connection has broken. */
  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Sends FIN, after bytes if there are any: the other direction stays open. */
  halfClose(bytes?: Uint8Array | string): void {
    if (bytes === undefined) this.socket.end();
    else this.socket.end(bytes);
  }

  /**
   * Reads exactly `count` bytes.
   *
   * @throws Error when the other side closes before, or it takes too long; it says how many had come.
   */
  async read(count: number, timeoutMs = PATIENCE_MS): Promise<Buffer> {
    await this.#until(() => this.#available >= count || this.#closed !== undefined, count, timeoutMs);
    if (this.#available < count)
      throw new Error(`closed (${this.#closed}) after ${this.#available} of ${count} bytes`);
    return this.#take(count);
  }

  /** Sends bytes and reads as many. */
  async exchange(bytes: Uint8Array, timeoutMs = PATIENCE_MS): Promise<Buffer> {
    await this.send(bytes);
    return await this.read(bytes.length, timeoutMs);
  }

  /** All bytes until the other side closes, and how it did. */
  async readToEnd(timeoutMs = PATIENCE_MS): Promise<{ bytes: Buffer; closed: CloseKind }> {
    const closed = await this.closed(timeoutMs);
    return { bytes: this.#take(this.#available), closed };
  }

  /** Waits until the other side closes, and says how: only the first of FIN and RST counts. */
  async closed(timeoutMs = PATIENCE_MS): Promise<CloseKind> {
    await this.#until(() => this.#closed !== undefined, "a close", timeoutMs);
    return this.#closed ?? "fin";
  }

  /** Closes by RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #until(done: () => boolean, wanted: number | string, timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!done()) {
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(`waited ${timeoutMs} ms for ${wanted}; ${this.#available} bytes had come`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }

  #take(count: number): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#available = all.length - count;
    this.#pieces = this.#available === 0 ? [] : [all.subarray(count)];
    return all.subarray(0, count);
  }

  #close(kind: CloseKind): void {
    this.#closed ??= kind;
    this.#wake?.();
  }
}

/** A server for the far side of an Envoy. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: readonly Socket[];
}

/** What an upstream does with a connection. Default: it sends everything back, and closes when the client does. */
export type Serve = (socket: Socket) => void;

/** Starts a server on a free port of 127.0.0.1. */
export async function startUpstream(serve: Serve = (socket) => socket.pipe(socket)): Promise<Upstream> {
  const connections: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.push(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  const port = await listen(server);
  return {
    port,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A TCP port of 127.0.0.1 that was free a moment ago, for what cannot take port 0. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  return await waitFor("a port", () => {
    const address = server.address();
    return address !== null && typeof address === "object" ? address.port : undefined;
  });
}
