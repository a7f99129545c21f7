import { Sandbox } from "@twinwall/sandbox";
import { measureFloor, openKvmDriver } from "@twinwall/vmm-kvm";
import type { Bench } from "../bench.js";
import { interleave, type Samples, type Series, timeEach } from "../interleave.js";
import { Payload, WrongBytesError } from "../payload.js";
import { judge, type Row } from "../row.js";
import { summarize } from "../statistics.js";
import { openNativeEcho } from "./native-echo.js";

/** Bytes of a payload, as the goals have it. */
const PAYLOAD_BYTES = 128;
/** Calls in one batch. */
const BATCH = 64;
/** Slack above the floor, nanoseconds. */
const SLACK_NS = 1500;

/** Samples and counts of calls on one sandbox in session, one at clean slates, and the native image. */
interface CallFigures {
  readonly samples: Samples;
  /** Most exits that any looked-at call in session took. */
  readonly exits: number;
  readonly writableBytes: number;
  readonly restoredBytes: number;
}

/** Rows about single calls and batches; `medians` keeps what later rows compare with. */
export async function measureCalls(bench: Bench): Promise<Row[]> {
  const figures = await runCalls(bench);
  const cleanSlate = summarize(figures.samples.get("clean slate") ?? []);
  bench.medians.set("clean slate", cleanSlate.median);
  return [
    sessionRow(figures),
    exitsRow(figures),
    cleanSlateRow(figures),
    writableRow(figures),
    batchRow(figures),
    nativeRow(figures),
  ];
}

async function runCalls(bench: Bench): Promise<CallFigures> {
  const options = { module: bench.echoModule, machine: "kvm" } as const;
  using sandbox = await Sandbox.create(options);
  using other = await Sandbox.create(options);
  using native = openNativeEcho(openKvmDriver());
  using session = sandbox.session();
  const exits: number[] = [];
  const samples = await interleave(
    [
      { name: "floor", measure: (count) => measureFloor(count) },
      echoSeries(
        "session",
        (input, output) => session.callInto("echo", input, output),
        () => exits.push(sandbox.stats().exits),
      ),
      echoSeries("clean slate", (input, output) => other.callInto("echo", input, output)),
      echoSeries("native", (input, output) => native.callInto(input, output)),
      batchSeries((inputs) => session.callMany("echo", inputs)),
    ],
    bench.effort,
  );
  const { writableBytes, restoredBytes } = other.stats();
  return { samples, exits: Math.max(...exits), writableBytes, restoredBytes };
}

function echoSeries(
  name: string,
  call: (input: Uint8Array, output: Uint8Array) => number,
  afterBlock: () => void = () => undefined,
): Series {
  const payload = new Payload(name, PAYLOAD_BYTES);
  const once = (): void => {
    payload.length = call(payload.input, payload.output);
  };
  return {
    name,
    measure(count) {
      const times = timeEach(count, once, payload.check);
      afterBlock();
      return times;
    },
  };
}

function batchSeries(callMany: (inputs: Uint8Array[]) => Uint8Array[]): Series {
  const payloads = Array.from({ length: BATCH }, () => new Payload("batch", PAYLOAD_BYTES));
  const inputs = payloads.map(({ input }) => input);
  let outputs: Uint8Array[] = [];
  const once = (): void => {
    outputs = callMany(inputs);
  };
  const check = (): void => {
    if (outputs.length !== BATCH)
      throw new WrongBytesError(`batch: ${outputs.length} answers to ${BATCH} inputs`);
    for (const [index, payload] of payloads.entries()) {
      const output = outputs[index] ?? new Uint8Array();
      payload.output.set(output.subarray(0, PAYLOAD_BYTES));
      payload.length = output.length;
      payload.check();
    }
  };
  return {
    name: "batch",
    measure: (count) => timeEach(count, once, check),
  };
}

/** Summaries of a series and of the floor in the same rounds. */
function withFloor({ samples }: CallFigures, name: string) {
  const { count, median, p99 } = summarize(samples.get(name) ?? []);
  const floor = summarize(samples.get("floor") ?? []);
  return { samples: count, value: median, p99, floor: floor.median, floorP99: floor.p99 };
}

function sessionRow(figures: CallFigures): Row {
  const { floorP99, ...measured } = withFloor(figures, "session");
  return judge({
    id: "session-call",
    what: "callInto, 128 B, in a session",
    unit: "ns",
    ...measured,
    goal: "≤ floor + max(5 %, 1.5 µs)",
    limit: measured.floor + Math.max(measured.floor * 0.05, SLACK_NS),
    note: `the floor's own p99 is ${(floorP99 / 1000).toFixed(1)} µs`,
  });
}

function exitsRow({ exits }: CallFigures): Row {
  return judge({ id: "exits", what: "exits of that call", unit: "count", value: exits, goal: "1", limit: 1 });
}

function cleanSlateRow(figures: CallFigures): Row {
  const { floorP99: _, ...measured } = withFloor(figures, "clean slate");
  const { writableBytes, restoredBytes } = figures;
  return judge({
    id: "clean-slate",
    what: "callInto, 128 B, clean slate",
    unit: "ns",
    ...measured,
    goal: "≤ 1.4 × floor",
    limit: 1.4 * measured.floor,
    note: `a guest of one page; ${kib(writableBytes)} writable, ${kib(restoredBytes)} put back after each call`,
  });
}

function writableRow({ writableBytes }: CallFigures): Row {
  const limit = 256 * 1024;
  const goal = "≤ 256 KiB";
  return judge({
    id: "writable",
    what: "writable bytes of that guest",
    unit: "bytes",
    value: writableBytes,
    goal,
    limit,
  });
}

/** The median batch less the median call, shared out over the items beyond the first. */
function batchRow({ samples }: CallFigures): Row {
  const batch = summarize(samples.get("batch") ?? []);
  const session = summarize(samples.get("session") ?? []);
  return judge({
    id: "batch-item",
    what: "callMany of 64, each item beyond one call",
    unit: "ns",
    samples: batch.count,
    value: (batch.median - session.median) / (BATCH - 1),
    p99: (batch.p99 - session.median) / (BATCH - 1),
    goal: "≤ 1.5 µs",
    limit: SLACK_NS,
    note: `the whole batch takes ${(batch.median / 1000).toFixed(1)} µs`,
  });
}

function nativeRow(figures: CallFigures): Row {
  const { floorP99: _, ...measured } = withFloor(figures, "native");
  return judge({
    id: "native-echo",
    what: "native echo image, 128 B",
    unit: "ns",
    ...measured,
    goal: "for comparison",
  });
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}
