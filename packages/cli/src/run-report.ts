import type { Sandbox, SandboxStats } from "@twinwall/sandbox";
import { ExitStatus, toFailureReport } from "./failure.js";
import { writeFully, writeLine } from "./streams.js";
import type { Json } from "./values.js";

/** What a run came to: a command's exit status, a bytes function's result, or a scalar function's. */
export type Outcome =
  | { readonly exitCode: number }
  | { readonly bytes: Uint8Array }
  | { readonly result: Json };

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const;

/** One of the two standard output streams. */
export type StreamName = keyof typeof DESCRIPTORS;

/** Shows a run while it goes on and when it is over: as it is, or as one JSON object. */
export class RunReport {
  /** Set as soon as there is one. */
  sandbox: Sandbox | undefined;
  exitStatus: number = ExitStatus.Success;
  readonly #collected: Record<StreamName, Uint8Array[]> = { stdout: [], stderr: [] };
  #stats: SandboxStats | undefined;
  #callUs: number | undefined;

  constructor(private readonly json: boolean) {}

  /** A piece of a command's output. The bytes are not kept, but copied. */
  output(stream: StreamName, chunk: Uint8Array): void {
    if (this.json) this.#collected[stream].push(chunk.slice());
    else writeFully(DESCRIPTORS[stream], chunk);
  }

  /** What a called function writes: standard output belongs to its result, so it all goes to standard error. */
  log(stream: StreamName, chunk: Uint8Array): void {
    this.output(this.json ? stream : "stderr", chunk);
  }

  time<Value>(call: () => Value): Value {
    const start = performance.now();
    try {
      return call();
    } finally {
      this.#callUs = elapsedUs(start);
    }
  }

  async timeAsync<Value>(call: () => Promise<Value>): Promise<Value> {
    const start = performance.now();
    try {
      return await call();
    } finally {
      this.#callUs = elapsedUs(start);
    }
  }

  /** Keeps the figures of the sandbox before it is closed. */
  readStats(): void {
    this.#stats = this.sandbox?.stats();
  }

  finish(outcome: Outcome): void {
    this.exitStatus = "exitCode" in outcome ? outcome.exitCode : ExitStatus.Success;
    if (this.json) this.#print({ ok: true, ...this.#fields(outcome), error: null });
    else if ("bytes" in outcome) writeFully(1, outcome.bytes);
    else if ("result" in outcome) writeLine(1, JSON.stringify(outcome.result));
  }

  /** The same object for a run that failed; the error is in it. */
  fail(error: unknown): void {
    const { code, message, backtrace } = toFailureReport(error);
    this.exitStatus = ExitStatus.Failure;
    this.#print({
      ok: false,
      ...this.#fields(undefined),
      error: { code, message, backtrace: backtrace.map(toFrame) },
    });
  }

  #fields(outcome: Outcome | undefined): { [key: string]: Json } {
    return {
      machine: this.sandbox?.machine ?? null,
      exitCode: outcome !== undefined && "exitCode" in outcome ? outcome.exitCode : null,
      result: outcome !== undefined && "result" in outcome ? outcome.result : null,
      bytes: outcome !== undefined && "bytes" in outcome ? toBase64([outcome.bytes]) : null,
      stdout: toBase64(this.#collected.stdout),
      stderr: toBase64(this.#collected.stderr),
    };
  }

  #print(fields: { [key: string]: Json }): void {
    writeLine(1, JSON.stringify({ ...fields, stats: this.#statsFields() }));
  }

  #statsFields(): Json {
    const stats = this.#stats;
    if (stats === undefined) return null;
    const { createUs, exits, hostCalls, fuel, memoryBytes, writableBytes, restoredBytes } = stats;
    const callUs = this.#callUs ?? null;
    return {
      createUs,
      callUs,
      exits,
      hostCalls,
      fuel: fuel.toString(),
      memoryBytes,
      writableBytes,
      restoredBytes,
    };
  }
}

function toFrame({ index, name, offset }: ReturnType<typeof toFailureReport>["backtrace"][number]): Json {
  return { function: index, name: name ?? null, offset: offset ?? null };
}

function elapsedUs(start: number): number {
  return Math.round((performance.now() - start) * 1e4) / 10;
}

function toBase64(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString("base64");
}
