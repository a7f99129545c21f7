import { chunkFlags, MAX_CHUNK_BYTES, TwinwallError } from "@twinwall/abi";
import type { ConnectionSettings } from "../options.js";
import { GrpcError, GrpcStatus } from "./frames.js";
import type { GrpcStream, StreamHandler } from "./grpc-stream.js";
import type { Guest, Guests } from "./guests.js";
import { failureText, type Host, type Turn } from "./host.js";
import type { LogLine } from "./log.js";
import type { Metrics } from "./metrics.js";
import type { Scratch } from "./scratch.js";
import {
  ConnectionStatus,
  decodeAttributes,
  decodeRequest,
  frameAnswer,
  frameClose,
  HEADROOM,
  type ProcessingRequest,
  TAILROOM,
} from "./wire.js";

/** What all connections of a service share. */
export interface Shared {
  readonly settings: ConnectionSettings;
  readonly guests: Guests;
  readonly host: Host;
  readonly metrics: Metrics;
  readonly scratch: Scratch;
  readonly log: (line: LogLine) => void;
  /** Told of a connection that opens (1) or ends (-1). */
  readonly opened: (change: 1 | -1) => void;
}

/**
 * One connection of Envoy: a stream of chunks of both directions, each answered in turn.
 *
 * Envoy holds a chunk back until it is answered, then passes on exactly the bytes of the answer, whatever the answer says
 * about having changed them; so there is one answer to each chunk, it always carries the bytes, and the end of the stream
 * is copied into it.
 */
export class Connection implements StreamHandler, Turn {
  private guest: Guest | undefined;
  /** Messages that came before the machine was made. */
  private waiting: Uint8Array[] | undefined;
  private over = false;
  private attributes: readonly Uint8Array[] = [];
  private facts: ReadonlyMap<string, string> | undefined;
  /** Direction of the chunk that the guest has. */
  private towardsClient = false;
  /** Answers to nothing: what the guest writes towards the direction that Envoy does not ask about. */
  private extra: Uint8Array[] = [];

  constructor(
    readonly number: number,
    private readonly stream: GrpcStream,
    private readonly shared: Shared,
  ) {
    shared.opened(1);
  }

  message(message: Uint8Array): void {
    if (this.over) return;
    if (this.waiting !== undefined) {
      this.waiting.push(message.slice());
      return;
    }
    if (this.guest !== undefined) {
      this.process(this.guest, message);
      return;
    }
    this.begin(message);
  }

  closed(): void {
    this.end();
  }

  /** The first message: only now is a machine worth having. */
  private begin(message: Uint8Array): void {
    const { guests, metrics } = this.shared;
    metrics.connections += 1;
    const taken = guests.take();
    if (taken === undefined) {
      metrics.noMachine += 1;
      this.say("warn", `all ${guests.machines} machines are taken`);
      this.reset("no machine is free");
    } else if (taken instanceof Promise) {
      this.waiting = [message.slice()];
      this.stream.hold();
      taken.then(
        (guest) => this.arrived(guest),
        (error: unknown) => this.failed(TwinwallError.from(error)),
      );
    } else {
      this.guest = taken;
      this.process(taken, message);
    }
  }

  private arrived(guest: Guest): void {
    if (this.over) {
      guest.release();
      return;
    }
    this.guest = guest;
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    this.stream.run(() => {
      for (const message of waiting) this.message(message);
    });
    this.stream.release();
  }

  private process(guest: Guest, message: Uint8Array): void {
    const request = this.decode(message);
    if (request.attributes.length > 0) {
      // Views of the message, and rarely asked for.
      this.attributes = request.attributes.map((entry) => entry.slice());
      this.facts = undefined;
    }
    const { metrics, host } = this.shared;
    metrics.chunks += 1;
    metrics.bytes += request.data.length;
    this.towardsClient = request.towardsClient;
    host.turn = this;
    try {
      this.checkDirection(request);
      const close = this.pass(guest, request);
      this.answer(request, close);
    } catch (error) {
      this.failed(TwinwallError.from(error));
    } finally {
      host.turn = undefined;
    }
  }

  /** What the guest may write depends on it, so Envoy's configuration must say the same. */
  private checkDirection({ towardsClient }: ProcessingRequest): void {
    const { directions } = this.shared.settings;
    if (directions === "both" || (directions === "write") === towardsClient) return;
    throw new TwinwallError(
      "E_OPTION",
      `Envoy sends data towards the ${towardsClient ? "client" : "upstream"}, which "directions" rules out`,
    );
  }

  private decode(message: Uint8Array): ProcessingRequest {
    try {
      return decodeRequest(message);
    } catch (error) {
      throw new GrpcError(GrpcStatus.InvalidArgument, `bad request: ${(error as Error).message}`);
    }
  }

  /** Hands a chunk to the guest, in pieces where it is long; the answer's data is in the scratch buffer then. */
  private pass(guest: Guest, request: ProcessingRequest): boolean {
    const { scratch, settings } = this.shared;
    const { data, towardsClient, endOfStream } = request;
    scratch.begin();
    if (data.length <= MAX_CHUNK_BYTES) {
      return scratch.call(guest, data, chunkFlags({ towardsClient, endOfStream }));
    }
    const deadline = performance.now() + (settings.limits.deadline ?? Number.POSITIVE_INFINITY) / 1000;
    let close = false;
    for (let from = 0; from < data.length && !close; from += MAX_CHUNK_BYTES) {
      const until = Math.min(from + MAX_CHUNK_BYTES, data.length);
      const last = until === data.length;
      // The machine's own clock starts anew with each piece, so this one says when there is no next piece.
      if (performance.now() > deadline) {
        throw new TwinwallError("E_DEADLINE", "the pieces of a chunk took longer than the deadline");
      }
      const flags = chunkFlags({ towardsClient, endOfStream: endOfStream && last });
      close = scratch.call(guest, data.subarray(from, until), flags);
    }
    return close;
  }

  private answer(request: ProcessingRequest, close: boolean): void {
    const { stream, shared } = this;
    for (const frame of this.extra) stream.write(frame);
    this.extra = [];
    stream.write(shared.scratch.frame(request));
    if (!close) return;
    shared.metrics.closedByGuest += 1;
    // In an answer of its own: Envoy drops the data of an answer that closes.
    stream.write(frameClose(ConnectionStatus.Close));
    this.end();
    stream.finish(GrpcStatus.Aborted, "closed by the guest");
  }

  /** Nothing of what failed is passed on, and nothing more of this connection. */
  private failed(error: TwinwallError): void {
    if (this.over) return;
    this.shared.metrics.failed(error.code);
    this.say("error", failureText(error));
    this.reset(error.code);
  }

  private reset(reason: string): void {
    this.stream.write(frameClose(ConnectionStatus.CloseReset));
    this.end();
    this.stream.finish(GrpcStatus.Aborted, reason);
  }

  private end(): void {
    if (this.over) return;
    this.over = true;
    this.shared.opened(-1);
    this.waiting = undefined;
    this.extra = [];
    this.guest?.release();
    this.guest = undefined;
  }

  private say(level: LogLine["level"], text: string): void {
    this.shared.log({ level, source: "service", connection: this.number, text });
  }

  fact(name: string): string {
    this.facts ??= decodeAttributes(this.attributes);
    return this.facts.get(name) ?? "";
  }

  write(towardsClient: boolean, data: Uint8Array): void {
    const { scratch, settings } = this.shared;
    if (towardsClient === this.towardsClient) {
      scratch.put(data);
      return;
    }
    if (settings.directions === "both") {
      throw new Error('Envoy awaits answers of that direction; "directions" must be "read" or "write"');
    }
    scratch.spend(data.length);
    const room = new Uint8Array(HEADROOM + data.length + TAILROOM);
    room.set(data, HEADROOM);
    this.extra.push(frameAnswer(room, data.length, { towardsClient, endOfStream: false }));
  }
}
