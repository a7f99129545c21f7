import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Sandbox, type SandboxOptions } from "@twinwall/sandbox";
import { type Apart, placeApart } from "../affinity.js";
import type { Bench } from "../bench.js";
import { formatValue } from "../format.js";
import { interleave, type Samples, timeEachAsync } from "../interleave.js";
import { Payload, WrongBytesError } from "../payload.js";
import { judge, notMeasured, type Row, type RowHead } from "../row.js";
import { soakModule } from "../soak/guest.js";
import { soakHost } from "../soak/host.js";
import { ClosingStack } from "../stack.js";
import { median, summarize } from "../statistics.js";
import { WakeUp } from "../wake-up.js";

type Machine = "kvm" | "soft";

const PAYLOAD_BYTES = 128;
/** The goal of `callAsync`, as a share of a wake-up. */
const MOST_WAKE_UPS = 1.5;

/** Calls that are made before anything counts. */
const WARM_UP = 100;

/** Sandboxes that are busy at the same time. */
const BUSY = 64;
/** What one of their calls takes alone, milliseconds. */
const BUSY_MS = 10;
const BUSY_LIMIT_MS = 10;
/** How long the event loop is looked at for each round of the effort, milliseconds. */
const LOOK_MS = 60;
/** Interval of the timer whose lateness is the delay of the event loop, milliseconds. */
const RESOLUTION_MS = 1;

/**
 * Rows about calls on threads: what they cost, and what they do to the event loop that waits for them.
 *
 * @param problem Why the machine is not here, if it is not.
 */
export async function measureThreads(bench: Bench, machine: Machine, problem?: string): Promise<Row[]> {
  const heads = headsOf(machine);
  if (problem !== undefined) return Object.values(heads).map((head) => notMeasured(head, problem));
  const options = {
    machine,
    module: await soakModule(),
    host: soakHost(),
    limits: { deadline: "60s" },
  } as const;
  return [
    await measureOverhead(bench, options, heads.overhead),
    await measureLoopDelay(bench, options, heads.loopDelay),
  ];
}

function headsOf(machine: Machine): { readonly overhead: RowHead; readonly loopDelay: RowHead } {
  const [name, prefix] = machine === "soft" ? ["soft-", "soft: "] : ["", ""];
  return {
    overhead: {
      id: `${name}async-overhead`,
      what: `${prefix}callAsync beyond call, 128 B; floor: a bare wake-up`,
      unit: "ns",
      goal: `≤ ${MOST_WAKE_UPS} × the wake-up`,
    },
    loopDelay: {
      id: `${name}loop-delay`,
      what: `${prefix}event-loop delay at p99, ${BUSY} busy sandboxes; floor: none`,
      unit: "ns",
      goal: `≤ ${BUSY_LIMIT_MS} ms`,
    },
  };
}

/** What `callAsync` takes longer than `call`, beside a bare wake-up in the same rounds. */
async function measureOverhead(bench: Bench, options: SandboxOptions, head: RowHead): Promise<Row> {
  using here = await Sandbox.create(options);
  using there = await Sandbox.create(options);
  using wakeUp = await WakeUp.start();
  const call = echoSeries("call", (input) => here.callBytes("echo", input));
  const callAsync = echoSeries("callAsync", (input) => there.callAsync("echo", input));
  // Both are warm then, and their threads are there.
  await callAsync.measure(WARM_UP);
  const pause = Math.round(median([...(await call.measure(WARM_UP))]));
  using apart = placeApart();
  const samples = await interleave(
    [
      { name: "wake-up", measure: (count) => timeEachAsync(count, () => wakeUp.roundTrip()) },
      { name: "pause", measure: (count) => timeEachAsync(count, () => wakeUp.roundTrip(pause)) },
      call,
      callAsync,
    ],
    bench.effort,
  );
  return overheadRow(head, samples, pause, apart);
}

function overheadRow(head: RowHead, samples: Samples, pause: number, { problem }: Apart): Row {
  const [bare, paused, call, callAsync] = ["wake-up", "pause", "call", "callAsync"].map((name) =>
    summarize(samples.get(name) ?? []),
  );
  if (bare === undefined || paused === undefined || call === undefined || callAsync === undefined)
    throw new Error("no samples");
  const floor = paused.median - pause;
  return judge({
    ...head,
    samples: callAsync.count,
    value: callAsync.median - call.median,
    p99: callAsync.p99 - call.median,
    floor,
    limit: MOST_WAKE_UPS * floor,
    note:
      `callAsync ${time(callAsync.median)}, callBytes ${time(call.median)}, at clean slates; the wake-up is of a sleeping thread ` +
      `and back to the event loop after as long as a call takes, not counted (at once: ${time(bare.median)}); ` +
      (problem === undefined ? "both threads on processors of their own" : `threads anywhere: ${problem}`),
  });
}

function echoSeries(name: string, call: (input: Uint8Array) => Uint8Array | Promise<Uint8Array>) {
  const payload = new Payload(name, PAYLOAD_BYTES);
  return {
    name,
    async measure(count: number): Promise<Float64Array> {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index += 1) {
        const start = performance.now();
        const running = call(payload.input);
        const reply = running instanceof Promise ? await running : running;
        times[index] = (performance.now() - start) * 1e6;
        payload.length = reply.length;
        payload.output.set(reply.subarray(0, PAYLOAD_BYTES));
        payload.check();
      }
      return times;
    },
  };
}

/** How late the event loop is while 64 sandboxes are busy, beside how late it is while nothing runs. */
async function measureLoopDelay(bench: Bench, options: SandboxOptions, head: RowHead): Promise<Row> {
  bench.progress(`${BUSY} busy sandboxes on ${options.machine}`);
  using stack = new ClosingStack();
  const sandboxes: Sandbox[] = [];
  while (sandboxes.length < BUSY) sandboxes.push(stack.use(await Sandbox.create(options)));
  const rounds = spinsFor(sandboxes[0]);
  const milliseconds = bench.effort.rounds * LOOK_MS;
  const idle = await look(milliseconds);
  const { calls, result: busy } = await whileBusy(sandboxes, rounds, () => look(milliseconds));
  const late = (nanoseconds: number): number => Math.max(nanoseconds - RESOLUTION_MS * 1e6, 0);
  return judge({
    ...head,
    samples: busy.count,
    value: late(busy.percentile(99)),
    floor: late(idle.percentile(99)),
    limit: BUSY_LIMIT_MS * 1e6,
    note:
      `median ${time(late(busy.percentile(50)))}, most ${time(late(busy.max))}; each sandbox in one callAsync after the other, ` +
      `${calls} of some ${BUSY_MS} ms of processor time in all`,
  });
}

/** How late the event loop is for a while. */
async function look(milliseconds: number): Promise<IntervalHistogram> {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  await sleep(milliseconds);
  monitor.disable();
  return monitor;
}

/** Keeps all sandboxes in calls until `during` is over, which begins when each has had one; counts the calls meanwhile. */
async function whileBusy<Result>(
  sandboxes: readonly Sandbox[],
  rounds: number,
  during: () => Promise<Result>,
): Promise<{ readonly calls: number; readonly result: Result }> {
  let calls = 0;
  let over = false;
  const firsts = sandboxes.map((sandbox) => sandbox.callAsync("spin", [rounds]));
  const loops = sandboxes.map(async (sandbox, index) => {
    for (await firsts[index]; !over; calls += 1) await sandbox.callAsync("spin", [rounds]);
  });
  try {
    await Promise.all(firsts);
    calls = 0;
    const result = await during();
    return { calls, result };
  } finally {
    over = true;
    await Promise.all(loops);
  }
}

/** How often the guest goes round until it took long enough. */
function spinsFor(sandbox: Sandbox | undefined): number {
  if (sandbox === undefined) throw new WrongBytesError("there is no sandbox to be busy");
  for (let rounds = 100_000; ; rounds *= 2) {
    const start = performance.now();
    sandbox.call("spin", rounds);
    const took = performance.now() - start;
    if (took >= BUSY_MS) return Math.round((rounds * BUSY_MS) / took);
  }
}

function time(nanoseconds: number): string {
  return formatValue(nanoseconds, "ns");
}
