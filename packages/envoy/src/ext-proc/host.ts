import { decodeChunk, showBytes, showText, type TwinwallError } from "@twinwall/abi";
import { type HostFunction, hostFunction, t } from "@twinwall/sandbox";
import { LineBudget } from "./line-budget.js";
import { type LogLine, logLevels } from "./log.js";
import type { Metrics } from "./metrics.js";

/** The connection whose data the guest has right now. */
export interface Turn {
  /** Number of the connection in this service. */
  readonly number: number;
  /** A fact of it as text, empty where there is none. */
  fact(name: string): string;
  /**
   * Takes what the guest writes by itself.
   *
   * @throws Error when it cannot be passed on.
   */
  write(towardsClient: boolean, data: Uint8Array): void;
}

/** Most that a call may add to a counter at once, as in process. */
const LARGEST_DELTA = 2n ** 40n;

/** Longest name of a fact, bytes. */
const FACT_NAME_BYTES = 256;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What guests may call. One for a service: calls are synchronous, so there is one turn at a time. What a function throws
 * fails the call with `E_HOST_FUNCTION`, which names the function.
 */
export class Host {
  /** Set around each call of the guest; there is none while it boots. */
  turn: Turn | undefined;

  private readonly lines = new LineBudget();

  constructor(
    private readonly metrics: Metrics,
    private readonly log: (line: LogLine) => void,
  ) {}

  /** The host functions, for `Sandbox.create`. */
  functions(): Record<string, HostFunction> {
    return {
      log: hostFunction({ params: [t.bytes], deferred: true }, (record) => this.logRecord(record)),
      count: hostFunction({ params: [t.i32, t.i64], deferred: true }, (index, delta) =>
        this.count(index, delta),
      ),
      connection: hostFunction({ params: [t.bytes], result: t.bytes }, (name) => this.fact(name)),
      write: hostFunction({ params: [t.bytes], result: t.bytes }, (chunk) => this.write(chunk)),
    };
  }

  private logRecord(record: Uint8Array): void {
    this.metrics.hostCalls += 1;
    const level = logLevels[record[0] ?? logLevels.length];
    if (level === undefined) {
      throw new Error("the first byte is no level; levels are 0 to 4");
    }
    if (!this.lines.take()) {
      this.metrics.logDropped += 1;
      return;
    }
    this.log({ level, source: "guest", connection: this.turn?.number, text: showBytes(record.subarray(1)) });
  }

  private count(index: number, delta: bigint): void {
    this.metrics.hostCalls += 1;
    const { guest } = this.metrics;
    const before = guest[index];
    if (before === undefined) {
      throw new Error(`there is no counter ${index}; there are ${guest.length}`);
    }
    if (delta < 0n || delta > LARGEST_DELTA)
      throw new Error(`${delta} is not between 0 and ${LARGEST_DELTA}`);
    guest[index] = before + delta;
  }

  private fact(name: Uint8Array): Uint8Array {
    this.metrics.hostCalls += 1;
    if (name.length > FACT_NAME_BYTES) {
      throw new Error(`a name of ${name.length} bytes is too long`);
    }
    return encoder.encode(this.turn?.fact(decoder.decode(name)) ?? "");
  }

  private write(record: Uint8Array): Uint8Array {
    this.metrics.hostCalls += 1;
    const { towardsClient, endOfStream, data } = decodeChunk(record);
    if (endOfStream) throw new Error("the end of a stream is not the guest's");
    if (this.turn === undefined) {
      throw new Error("there is no connection yet");
    }
    this.turn.write(towardsClient, data);
    return new Uint8Array(0);
  }
}

/** A failure as one line of the log. */
export function failureText(error: TwinwallError): string {
  return showText(error.message);
}
