import type { ServerHttp2Stream } from "node:http2";
import { FrameReader, GrpcError, GrpcStatus, type StoreBudget } from "./frames.js";

/** What serves the messages of a stream. */
export interface StreamHandler {
  /**
   * Takes a message, which is a view until this returns.
   *
   * @throws GrpcError to end the stream with its status.
   */
  message(message: Uint8Array): void;
  /** The stream is over, however it ended. Called once. */
  closed(): void;
}

/** Makes the handler of a new stream. */
export type StreamAccept = (stream: GrpcStream) => StreamHandler;

const headers = { ":status": 200, "content-type": "application/grpc+proto" };

/** Answers a request without opening a stream of messages. */
export function refuse(stream: ServerHttp2Stream, status: GrpcStatus, message: string): void {
  stream.respond({ ...headers, ...trailersOf(status, message) }, { endStream: true });
}

/**
 * One bidirectional stream of messages over an HTTP/2 stream.
 *
 * It never ends with status `Ok` unless the peer has ended its own side. Envoy takes `Ok` for "this connection needs no
 * more processing", even with `failure_mode_allow: false`, and would pass everything that follows unprocessed.
 */
export class GrpcStream {
  private readonly handler: StreamHandler;
  private readonly reader: FrameReader;
  private responded = false;
  private finished = false;
  private status = GrpcStatus.Unavailable;
  private reason = "";
  /** Reasons to read no more for now. */
  private held = 0;
  private choked = false;

  constructor(
    private readonly stream: ServerHttp2Stream,
    accept: StreamAccept,
    limit: number,
    budget: StoreBudget,
  ) {
    this.handler = accept(this);
    this.reader = new FrameReader(limit, budget, (message) => {
      if (!this.finished) this.handler.message(message);
    });
    stream.on("data", (chunk: Uint8Array) => this.take(chunk));
    stream.on("end", () => this.ended());
    stream.on("drain", () => this.drained());
    stream.on("wantTrailers", () => {
      if (!stream.destroyed) stream.sendTrailers(trailersOf(this.status, this.reason));
    });
    // Resets are how Envoy ends each connection; "close" follows.
    stream.on("error", () => {});
    stream.on("close", () => this.closed());
  }

  /** Sends a frame, whose bytes belong to the stream from now on. Does nothing when the stream has ended. */
  write(frame: Uint8Array): void {
    const { stream } = this;
    if (this.finished || stream.destroyed) return;
    this.respond();
    if (!stream.write(frame) && !this.choked) {
      this.choked = true;
      this.hold();
    }
  }

  /** Ends the stream after what was written. */
  finish(status: GrpcStatus, reason: string): void {
    if (this.finished) return;
    this.finished = true;
    this.reader.drop();
    this.handler.closed();
    if (this.stream.destroyed) return;
    this.respond();
    this.status = status;
    this.reason = reason;
    // What still comes is read and dropped, so that the peer is not held up.
    this.stream.resume();
    this.stream.end();
  }

  /** Reads no more until {@link release}. */
  hold(): void {
    this.held += 1;
    this.stream.pause();
  }

  /** Takes one {@link hold} back. */
  release(): void {
    this.held -= 1;
    if (this.held === 0) this.stream.resume();
  }

  private respond(): void {
    if (this.responded) return;
    this.responded = true;
    this.stream.respond(headers, { waitForTrailers: true });
  }

  /** Runs what serves a message; an error that it throws ends the stream. */
  run(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof GrpcError) this.finish(error.status, error.message);
      else this.finish(GrpcStatus.Internal, "internal error");
    }
  }

  private take(chunk: Uint8Array): void {
    if (!this.finished) this.run(() => this.reader.push(chunk));
  }

  private ended(): void {
    if (this.reader.partial) this.finish(GrpcStatus.InvalidArgument, "the stream ended within a message");
    else this.finish(GrpcStatus.Ok, "");
  }

  private drained(): void {
    if (!this.choked) return;
    this.choked = false;
    this.release();
  }

  private closed(): void {
    if (this.finished) return;
    this.finished = true;
    this.reader.drop();
    this.handler.closed();
  }
}

function trailersOf(status: GrpcStatus, message: string): Record<string, string> {
  const shown = message === "" ? {} : { "grpc-message": encodeURIComponent(message) };
  return { "grpc-status": String(status), ...shown };
}
