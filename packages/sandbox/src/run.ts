import { encodeCommandInput, type Limits, show, TwinwallError } from "@twinwall/abi";
import type { Caller } from "./caller.js";
import type { HostCalls, OutputSink } from "./host-calls.js";
import type { RunOptions, RunResult } from "./options.js";
import { abortedError } from "./signals.js";

type Taker = (chunk: Uint8Array) => void;

/** Heads and padding of records count too: room for many small writes. */
const RECORD_ROOM = 16;

/** Runs a WASI command once, with its output collected or streamed. */
export function runCommand(caller: Caller, hosts: HostCalls, limits: Limits, options: RunOptions): RunResult {
  const stdout = new Collector("stdout", limits.resultBytes);
  const stderr = new Collector("stderr", limits.resultBytes);
  const { sink, signal } = hosts;
  hosts.sink = {
    stdout: options.onStdout === undefined ? stdout.take : taker(options.onStdout, "onStdout"),
    stderr: options.onStderr === undefined ? stderr.take : taker(options.onStderr, "onStderr"),
  };
  try {
    if (options.signal !== undefined) {
      if (options.signal.aborted) throw abortedError(options.signal);
      hosts.signal = options.signal;
    }
    const exitCode = caller.command(limits, outboxBytes(limits, options), commandInput(options));
    return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes() };
  } finally {
    hosts.sink = sink;
    hosts.signal = signal;
  }
}

/** Where output goes outside of runs: to the sandbox's takers, or nowhere. */
export function sandboxSink(onStdout: Taker | undefined, onStderr: Taker | undefined): OutputSink {
  const drop = (): void => {};
  return {
    stdout: onStdout === undefined ? drop : taker(onStdout, "onStdout"),
    stderr: onStderr === undefined ? drop : taker(onStderr, "onStderr"),
  };
}

/** What is streamed is not bounded; what is collected lets the driver stop a guest that writes without end. */
function outboxBytes(limits: Limits, options: RunOptions): number {
  const streams = options.onStdout !== undefined || options.onStderr !== undefined;
  return streams ? Number.MAX_SAFE_INTEGER : 2 * limits.resultBytes * RECORD_ROOM;
}

function commandInput(options: RunOptions): Uint8Array {
  const { args = [], env = {}, name = "program", stdin = "" } = options;
  return encodeCommandInput({
    arguments: [name, ...args],
    environment: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    stdin: typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin,
  });
}

function taker(callback: Taker, name: string): Taker {
  return (chunk) => {
    try {
      callback(chunk);
    } catch (error) {
      const text = error instanceof Error ? error.message : show(error);
      throw new TwinwallError("E_HOST_FUNCTION", `${name} failed: ${text}`, { cause: error });
    }
  };
}

/** Collects one stream up to a number of bytes. */
class Collector {
  private readonly chunks: Uint8Array[] = [];
  private length = 0;

  constructor(
    private readonly name: string,
    private readonly limit: number,
  ) {}

  readonly take: Taker = (chunk) => {
    this.length += chunk.length;
    if (this.length > this.limit) {
      this.chunks.length = 0;
      throw new TwinwallError(
        "E_LIMIT",
        `${this.name} is longer than resultBytes, ${this.limit} bytes; raise the limit, or take it as a stream`,
      );
    }
    this.chunks.push(chunk);
  };

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}
