import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { loadImage } from "@twinwall/runtime";
import { Sandbox, type SandboxOptions } from "@twinwall/sandbox";
import type { Bench } from "../bench.js";
import { interleave, type Samples, timeEachAsync } from "../interleave.js";
import { Payload, WrongBytesError } from "../payload.js";
import { judge, type Row } from "../row.js";
import { summarize } from "../statistics.js";

const PAYLOAD_BYTES = 128;

/** A call is shorter than a clock reading is exact, so so many are timed as one. */
const BLOCK = 64;

/** Creating is slow beside a call: fewer of them fill a round. */
const CREATIONS_SHARE = 5;

const COMPILER = new URL("../artifacts/compiler_bg.wasm", import.meta.resolve("@twinwall/compiler"));

/** Rows about the soft machine, with V8 running the same module as the yardstick. */
export async function measureSoft(bench: Bench): Promise<Row[]> {
  const options = { module: bench.echoModule, machine: "soft" } as const;
  const calls = await measureSoftCalls(bench, options);
  return [...calls, ...(await measureSoftCreation(bench, options)), ...sizes()];
}

async function measureSoftCalls(bench: Bench, options: SandboxOptions): Promise<Row[]> {
  using sandbox = await Sandbox.create(options);
  using other = await Sandbox.create(options);
  using session = sandbox.session();
  const samples = await interleave(
    [
      echoBlocks("v8", openInV8(bench.echoModule)),
      echoBlocks("session", (input, output) => session.callInto("echo", input, output)),
      echoBlocks("clean slate", (input, output) => other.callInto("echo", input, output)),
    ],
    bench.effort,
  );
  const { writableBytes, restoredBytes } = other.stats();
  return [
    callRow(samples, "session", {
      id: "soft-session-call",
      what: "soft: callInto, 128 B, in a session",
      goal: "≤ 1 µs",
      limit: 1000,
      note: `${await echoFuel(options)} units of fuel in the guest, about one an instruction, and three entries of it: allocate, echo, free`,
    }),
    callRow(samples, "clean slate", {
      id: "soft-clean-slate",
      what: "soft: callInto, 128 B, clean slate",
      goal: "≤ 8 µs",
      limit: 8000,
      note: `a guest of one page; ${kib(writableBytes)} writable, ${kib(restoredBytes)} put back after each call`,
    }),
  ];
}

/** What the guest's own code burns in one call. */
async function echoFuel(options: SandboxOptions): Promise<bigint> {
  using sandbox = await Sandbox.create({ ...options, limits: { fuel: 1_000_000 } });
  sandbox.callBytes("echo", new Uint8Array(PAYLOAD_BYTES));
  return sandbox.stats().fuel;
}

function echoBlocks(name: string, call: (input: Uint8Array, output: Uint8Array) => number) {
  const payload = new Payload(name, PAYLOAD_BYTES);
  return {
    name,
    measure(count: number): Float64Array {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index += 1) {
        const start = performance.now();
        for (let repeat = 0; repeat < BLOCK; repeat += 1) {
          payload.length = call(payload.input, payload.output);
        }
        times[index] = ((performance.now() - start) * 1e6) / BLOCK;
        payload.check();
      }
      return times;
    },
  };
}

/** The module's own echo in this engine: allocate, copy in, call, copy out. */
function openInV8(module: Uint8Array): (input: Uint8Array, output: Uint8Array) => number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module)));
  const { memory, twinwall_allocate: allocate, echo } = exports;
  if (
    !(memory instanceof WebAssembly.Memory) ||
    typeof allocate !== "function" ||
    typeof echo !== "function"
  ) {
    throw new Error("the echo module is not what it was");
  }
  const free = exports["twinwall_free"];
  return (input, output) => {
    const pointer = allocate(input.length) as number;
    new Uint8Array(memory.buffer, pointer, input.length).set(input);
    const packed = echo(pointer, input.length) as bigint;
    const [start, length] = [Number(packed >> 32n), Number(packed & 0xffff_ffffn)];
    output.set(new Uint8Array(memory.buffer, start, length));
    if (typeof free === "function") free(pointer, input.length);
    return length;
  };
}

function callRow(
  samples: Samples,
  name: string,
  row: Pick<Row, "id" | "what" | "goal"> & { limit: number; note?: string },
): Row {
  const { count, median, p99 } = summarize(samples.get(name) ?? []);
  const floor = summarize(samples.get("v8") ?? []).median;
  return judge({ ...row, unit: "ns", samples: count, value: median, p99, floor });
}

async function measureSoftCreation(bench: Bench, options: SandboxOptions): Promise<Row[]> {
  const fresh = { ...options, recycle: false };
  await using first = await Sandbox.create(fresh);
  await using second = await Sandbox.create(options);
  checkEcho(first);
  checkEcho(second);
  const samples = await interleave(
    [
      { name: "fresh", measure: (count) => timeEachAsync(count, () => createAndClose(fresh)) },
      { name: "recycled", measure: (count) => timeEachAsync(count, () => createAndClose(options)) },
    ],
    { rounds: bench.effort.rounds, perRound: Math.ceil(bench.effort.perRound / CREATIONS_SHARE) },
  );
  const row = (name: string, what: string): Row => {
    const { count, median, p99 } = summarize(samples.get(name) ?? []);
    const figures = { samples: count, value: median, p99, goal: "≤ 1 ms", limit: 1e6 };
    return judge({ id: `soft-${name}-sandbox`, what, unit: "ns", ...figures });
  };
  return [
    row("fresh", "soft: second sandbox, create + close, no recycling"),
    row("recycled", "soft: second sandbox, recycled, create + close"),
  ];
}

async function createAndClose(options: SandboxOptions): Promise<void> {
  (await Sandbox.create(options)).close();
}

function checkEcho(sandbox: Sandbox): void {
  const input = Uint8Array.of(1, 2, 3);
  if (Buffer.compare(sandbox.callBytes("echo", input), input) !== 0)
    throw new WrongBytesError("a new soft sandbox");
}

/** What a browser has to load. */
function sizes(): Row[] {
  const image = loadImage("wasm", "soft");
  const compiler = readFileSync(COMPILER);
  return [
    judge({
      id: "soft-image",
      what: "soft: image",
      unit: "bytes",
      value: image.length,
      goal: "≤ 1 MB",
      limit: 1e6,
      note: `${kib(gzipSync(image, { level: 9 }).length)} compressed by gzip`,
    }),
    judge({
      id: "compiler-size",
      what: "compiler, compressed by gzip",
      unit: "bytes",
      value: gzipSync(compiler, { level: 9 }).length,
      goal: "≤ 2 MB",
      limit: 2e6,
      note: `${kib(compiler.length)} as it is`,
    }),
  ];
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}
