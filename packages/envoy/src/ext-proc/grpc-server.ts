import {
  constants as http2,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { GrpcStatus, StoreBudget } from "./frames.js";
import { GrpcStream, refuse, type StreamAccept } from "./grpc-stream.js";
import { type ListenAddress, listen } from "./listen.js";

/**
 * Streams after which a session is told to go, so that the peer opens another.
 *
 * Envoy resets a stream for every connection that ends, and Node's HTTP/2 library answers about reset number 1,000 of a
 * session (33 more a second) with a GOAWAY that is an error and loses the streams under way. Node 20 has no option for
 * that bound. Envoy's own (`max_requests_per_connection`, 900 in the configurations of this package) keeps away from it;
 * this is for configurations that lack it.
 */
const STREAMS_OF_SESSION = 950;

/** Streams that a session may still open after it was told to go: they crossed that message. */
const STREAMS_AFTER_NOTICE = 2048;

/**
 * A GOAWAY frame that names no last stream and no error: the peer opens no more streams, and those on their way are served.
 *
 * It is written past the session. The library takes no new streams once it has sent a GOAWAY itself, so with its own
 * one connection in a thousand was lost, the one that was being opened. Frames are whole in what it writes, and
 * the socket keeps the order.
 */
const SHUTDOWN_NOTICE = Uint8Array.of(0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** Streams that a session may have open at once; Envoy opens another session for more. */
const OPEN_STREAMS = 1024;

/** Most sessions at once: each worker of an Envoy has one or a few. */
const SESSIONS = 1024;

/** How long a session may take to open its first stream, milliseconds. */
const FIRST_STREAM = 30_000;

/** Most bytes of unfinished messages over all streams. */
const STORE_BYTES = 256 * 2 ** 20;

/** Bytes that may be on their way to a stream, and to a session. */
const STREAM_WINDOW = 2 ** 20;
const SESSION_WINDOW = 16 * 2 ** 20;

/** Megabytes that HTTP/2 may use for a session. */
const SESSION_MEGABYTES = 128;

const sessionOptions = {
  settings: { maxConcurrentStreams: OPEN_STREAMS, initialWindowSize: STREAM_WINDOW, enablePush: false },
  maxSessionMemory: SESSION_MEGABYTES,
};

/** What a {@link GrpcServer} is made of. */
export interface GrpcServerOptions {
  /** The one method that there is: `/package.Service/Method`. */
  readonly path: string;
  readonly accept: StreamAccept;
  /** Longest message, bytes. */
  readonly messageBytes: number;
}

/**
 * A gRPC server with one method, a bidirectional stream, over `node:http2` without TLS. Of a peer it expects anything:
 * messages, streams, sessions and memory are bounded.
 */
export class GrpcServer {
  /** Sessions that were told to go because they had many streams. */
  rotations = 0;

  private readonly server: Server;
  private readonly sessions = new Set<Session>();
  private readonly streams = new Set<GrpcStream>();
  private readonly budget = new StoreBudget(STORE_BYTES);
  private whenIdle: (() => void) | undefined;

  constructor(private readonly options: GrpcServerOptions) {
    this.server = createServer({ noDelay: true }, (socket) => this.connected(socket));
    this.server.maxConnections = SESSIONS;
  }

  /** Starts to listen; resolves to where. */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return listen(this.server, address);
  }

  /** Accepts nothing new, lets open streams end for `drainMs`, then ends them with status `Unavailable`. */
  async close(drainMs: number): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const session of this.sessions) session.sayGoAway();
    await this.idle(drainMs);
    for (const stream of this.streams) stream.finish(GrpcStatus.Unavailable, "the service shuts down");
    // Long enough for the last words to leave.
    await this.idle(200);
    for (const session of this.sessions) session.destroy();
    await stopped;
  }

  /** Resolves when no stream is open, or after so many milliseconds. */
  private async idle(milliseconds: number): Promise<void> {
    if (this.streams.size === 0 || milliseconds === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.whenIdle = undefined;
  }

  private connected(socket: Socket): void {
    socket.on("error", () => {});
    const session = new Session(socket, (stream, headers) => {
      this.count(session);
      this.accept(stream, headers);
    });
    this.sessions.add(session);
    socket.on("close", () => this.sessions.delete(session));
  }

  private count(session: Session): void {
    session.streams += 1;
    if (session.streams === STREAMS_OF_SESSION) {
      this.rotations += 1;
      session.sayGoAway();
    }
    if (session.streams > STREAMS_OF_SESSION + STREAMS_AFTER_NOTICE) session.destroy();
  }

  private accept(stream: ServerHttp2Stream, headers: Headers): void {
    if (stream.destroyed) return;
    if (headers[":path"] !== this.options.path || headers[":method"] !== "POST") {
      stream.on("error", () => {});
      refuse(stream, GrpcStatus.Unimplemented, "no such method");
      return;
    }
    const opened = new GrpcStream(stream, this.options.accept, this.options.messageBytes, this.budget);
    this.streams.add(opened);
    stream.on("close", () => {
      this.streams.delete(opened);
      if (this.streams.size === 0) this.whenIdle?.();
    });
  }
}

type Headers = Readonly<Record<string, unknown>>;

/** One HTTP/2 session of a peer. */
class Session {
  /** Streams so far. */
  streams = 0;
  readonly http2: ServerHttp2Session;
  private leaving = false;

  constructor(
    private readonly socket: Socket,
    onStream: (stream: ServerHttp2Stream, headers: Headers) => void,
  ) {
    this.http2 = performServerHandshake(socket, sessionOptions);
    this.http2.setLocalWindowSize(SESSION_WINDOW);
    // A peer that breaks the protocol loses its session, and that is all.
    this.http2.on("error", () => {});
    this.http2.on("stream", onStream);
    // Envoy connects when it has a stream to open.
    const impatience = setTimeout(() => this.destroyUnused(), FIRST_STREAM).unref();
    socket.once("close", () => clearTimeout(impatience));
  }

  /** Asks the peer to open no more streams here. */
  sayGoAway(): void {
    if (this.leaving || this.socket.destroyed) return;
    this.leaving = true;
    // The very first frame must be the library's own.
    if (this.streams === 0) this.http2.close();
    else this.socket.write(SHUTDOWN_NOTICE);
  }

  private destroyUnused(): void {
    if (this.streams === 0) this.destroy();
  }

  /** Ends everything at once. A session alone would keep its socket until the peer closes it. */
  destroy(): void {
    this.http2.destroy(undefined, http2.NGHTTP2_NO_ERROR);
    this.socket.destroy();
  }
}
