import { Sandbox, TwinwallError } from "@twinwall/sandbox";
import type { Bench } from "../bench.js";
import { formatValue } from "../format.js";
import { type Effort, interleave, type Samples, type Series } from "../interleave.js";
import { judge, notMeasured, type Row, type RowHead } from "../row.js";
import { soakModule } from "../soak/guest.js";
import { soakHost } from "../soak/host.js";
import { expectFailure, expectRejection } from "../soak/outcome.js";
import { ClosingStack } from "../stack.js";
import { summarize } from "../statistics.js";

type Machine = "kvm" | "soft";

const DEADLINE_MS = 5;
const LIMIT_NS = 2e6;
/** A missed deadline is long beside a call: fewer of them fill a round. */
const SHARE = 5;
/** On the soft machine it ends a Worker, and the next call needs a new one. */
const WORKER_SHARE = 25;

/** Both ways to call. */
const WAYS = ["call", "callAsync"] as const;
type Way = (typeof WAYS)[number];

/**
 * Rows about deadlines: how much later than asked for an endless call ends.
 *
 * @param problem Why the machine is not here, if it is not.
 */
export async function measureDeadlines(bench: Bench, machine: Machine, problem?: string): Promise<Row[]> {
  if (problem !== undefined) return WAYS.map((way) => notMeasured(headOf(machine, way), problem));
  bench.progress(`deadlines on ${machine}`);
  const samples = await overstep(bench.effort, machine);
  return WAYS.map((way) => lateRow(samples, machine, way));
}

/** Samples by the way to call. */
async function overstep(effort: Effort, machine: Machine): Promise<Samples> {
  const module = await soakModule();
  using stack = new ClosingStack();
  const options = { machine, module, host: soakHost(), limits: { deadline: DEADLINE_MS } } as const;
  const here = stack.use(await Sandbox.create(options));
  const there = stack.use(await Sandbox.create(options));
  const patient = { ...options, limits: { deadline: "60s" } } as const;
  const others = [stack.use(await Sandbox.create(patient)), stack.use(await Sandbox.create(patient))];
  // What the last call lost is made anew, a virtual machine or a Worker: that is no part of the next call's time.
  const makeReady = async (): Promise<void> => {
    await insist(() => here.call("count"));
    await Promise.all(others.map((other) => other.callAsync("count", [])));
    await insist(() => there.callAsync("count", []));
  };
  const share = machine === "soft" ? WORKER_SHARE : SHARE;
  return await interleave(
    [
      lateSeries("call", makeReady, () => {
        expectFailure("a call without end", "E_DEADLINE", () => here.call("forever"));
      }),
      lateSeries("callAsync", makeReady, async () => {
        await expectRejection("a call without end", "E_DEADLINE", there.callAsync("forever", []));
      }),
    ],
    { rounds: effort.rounds, perRound: Math.ceil(effort.perRound / share) },
  );
}

/** On a host with other work even a short call may miss its deadline. */
async function insist(call: () => unknown): Promise<void> {
  for (let done = false; !done; ) {
    try {
      await call();
      done = true;
    } catch (error) {
      if (!(error instanceof TwinwallError && error.code === "E_DEADLINE")) throw error;
    }
  }
}

/** How much later than its deadline each call ends. */
function lateSeries(name: string, makeReady: () => Promise<void>, run: () => void | Promise<void>): Series {
  return {
    name,
    async measure(count) {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index += 1) {
        await makeReady();
        const called = performance.now();
        await run();
        times[index] = (performance.now() - called - DEADLINE_MS) * 1e6;
      }
      return times;
    },
  };
}

/** A soft machine's inline deadline is an amount of fuel. */
function isByFuel(machine: Machine, way: Way): boolean {
  return machine === "soft" && way === "call";
}

function headOf(machine: Machine, way: Way): RowHead {
  const [name, prefix] = machine === "soft" ? ["soft-", "soft: "] : ["", ""];
  return {
    id: `${name}deadline-${way === "call" ? "inline" : "async"}`,
    what: `${prefix}${way} with a deadline of ${DEADLINE_MS} ms: later at p99`,
    unit: "ns",
    goal: isByFuel(machine, way) ? "stated" : "≤ 2 ms on an idle machine",
  };
}

/** Judged by its 99th percentile. */
function lateRow(samples: Samples, machine: Machine, way: Way): Row {
  const { count, median, p99, minimum } = summarize(samples.get(way) ?? []);
  const byFuel = isByFuel(machine, way);
  return judge({
    ...headOf(machine, way),
    samples: count,
    value: p99,
    ...(byFuel ? {} : { limit: LIMIT_NS }),
    note:
      `median ${formatValue(median, "ns")}, least ${formatValue(minimum, "ns")}, of ${count}` +
      (byFuel ? "; an amount of fuel, which is three times what a loop burns in that time" : ""),
  });
}
