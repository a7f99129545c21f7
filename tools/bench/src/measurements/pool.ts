import { setImmediate as turn } from "node:timers/promises";
import { Sandbox } from "@twinwall/sandbox";
import type { Bench } from "../bench.js";
import { interleave, type Samples, type Series } from "../interleave.js";
import { Payload } from "../payload.js";
import { judge, type Row } from "../row.js";
import { summarize } from "../statistics.js";

const PAYLOAD_BYTES = 128;
/** Machines of the pool; one would do where there is a turn of the event loop between calls. */
const MACHINES = 4;
/** A goal is this much of a call in a session. */
const MOST = 1.2;

/**
 * Rows about calls of a pool beside calls in a session, in the same rounds. Between two calls there is a turn of the event
 * loop, as a server has it between two requests, and the pool puts its machine back there. A burst has none: what the
 * calls left is put back by the calls themselves.
 */
export async function measurePool(bench: Bench, machines: readonly ("kvm" | "soft")[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const machine of machines) rows.push(...(await measureOn(bench, machine)));
  return rows;
}

async function measureOn(bench: Bench, machine: "kvm" | "soft"): Promise<Row[]> {
  using sandbox = await Sandbox.create({ module: bench.echoModule, machine });
  using pool = await sandbox.pool({ min: MACHINES, max: MACHINES });
  using session = sandbox.session();
  const samples = await interleave(
    [
      echoSeries("session", true, (input, output) => session.callInto("echo", input, output)),
      echoSeries("pool", true, (input, output) => pool.callInto("echo", input, output)),
      echoSeries("burst", false, (input, output) => pool.callInto("echo", input, output)),
      asyncSeries("async", async (input) => pool.callAsync("echo", input)),
    ],
    bench.effort,
  );
  const { created, waits } = pool.stats();
  const prefix = machine === "soft" ? "soft: " : "";
  const name = machine === "soft" ? "soft-pool" : "pool";
  return [
    row(samples, "pool", {
      id: `${name}-call`,
      what: `${prefix}pool: acquire, call, release; floor: in a session`,
      goal: `≤ ${MOST} × a call in a session`,
      limit: MOST,
      note: `${MACHINES} machines, ${created - MACHINES} of them replaced; a turn of the event loop behind each call`,
    }),
    row(samples, "burst", {
      id: `${name}-burst`,
      what: `${prefix}pool: the same without a turn between`,
      goal: "stated",
      note: "the calls put the machines back themselves",
    }),
    row(samples, "async", {
      id: `${name}-async`,
      what: `${prefix}pool: callAsync, one after the other`,
      goal: "stated",
      note: `${waits.count} waited for a machine`,
    }),
  ];
}

function row(
  samples: Samples,
  name: string,
  { limit, ...head }: Pick<Row, "id" | "what" | "goal"> & { limit?: number; note: string },
): Row {
  const { count, median, p99 } = summarize(samples.get(name) ?? []);
  const floor = summarize(samples.get("session") ?? []).median;
  const judged = limit === undefined ? {} : { limit: limit * floor };
  return judge({ ...head, ...judged, unit: "ns", samples: count, value: median, p99, floor });
}

function echoSeries(
  name: string,
  turns: boolean,
  call: (input: Uint8Array, output: Uint8Array) => number,
): Series {
  const payload = new Payload(name, PAYLOAD_BYTES);
  return {
    name,
    async measure(count) {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index++) {
        const start = performance.now();
        payload.length = call(payload.input, payload.output);
        times[index] = (performance.now() - start) * 1e6;
        payload.check();
        if (turns) await turn();
      }
      return times;
    },
  };
}

function asyncSeries(name: string, call: (input: Uint8Array) => Promise<Uint8Array>): Series {
  const payload = new Payload(name, PAYLOAD_BYTES);
  return {
    name,
    async measure(count) {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index++) {
        const start = performance.now();
        const reply = await call(payload.input);
        times[index] = (performance.now() - start) * 1e6;
        payload.length = reply.length;
        payload.output.set(reply.subarray(0, PAYLOAD_BYTES));
        payload.check();
      }
      return times;
    },
  };
}
