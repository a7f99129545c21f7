import { Sandbox, type SandboxOptions } from "@twinwall/sandbox";
import { measureBareMachine } from "@twinwall/vmm-kvm";
import type { Bench } from "../bench.js";
import { interleave, timeEachAsync } from "../interleave.js";
import { WrongBytesError } from "../payload.js";
import { judge, notMeasured, type Row } from "../row.js";
import { proportionalBytes } from "../soak/holdings.js";
import { ClosingStack } from "../stack.js";
import { summarize } from "../statistics.js";

/** Creating is slow beside a call: fewer of them fill a round. */
const CREATIONS_SHARE = 5;

/** Sandboxes that stand idle while memory is measured. */
const IDLE = 64;
const IDLE_LIMIT = 1024 * 1024;

/** Rows about further sandboxes of a module that has been booted. */
export async function measureCreation(bench: Bench): Promise<Row[]> {
  const fresh = { module: bench.echoModule, machine: "kvm", recycle: false } as const;
  const recycled = { module: bench.echoModule, machine: "kvm", recycle: true } as const;
  // The first sandbox of each kind boots and keeps the snapshot alive.
  await using first = await Sandbox.create(fresh);
  await using second = await Sandbox.create(recycled);
  checkEcho(first);
  checkEcho(second);
  const samples = await interleave(
    [
      { name: "bare", measure: (count) => measureBareMachine(count) },
      { name: "fresh", measure: (count) => timeEachAsync(count, () => createAndClose(fresh)) },
      { name: "recycled", measure: (count) => timeEachAsync(count, () => createAndClose(recycled)) },
    ],
    { rounds: bench.effort.rounds, perRound: Math.ceil(bench.effort.perRound / CREATIONS_SHARE) },
  );
  const [bare, created, reused] = ["bare", "fresh", "recycled"].map((name) =>
    summarize(samples.get(name) ?? []),
  );
  if (bare === undefined || created === undefined || reused === undefined) throw new Error("no samples");
  return [
    judge({
      id: "second-sandbox",
      what: "second sandbox, create + close, no recycling",
      unit: "ns",
      samples: created.count,
      value: created.median,
      p99: created.p99,
      floor: bare.median,
      goal: "≤ 1.5 × an empty VM",
      limit: 1.5 * bare.median,
      note: "its floor is creating and destroying an empty VM with one vCPU",
    }),
    recycledRow(bench, reused),
    await measureIdleMemory(bench, recycled),
  ];
}

async function createAndClose(options: SandboxOptions): Promise<void> {
  const sandbox = await Sandbox.create(options);
  sandbox.close();
}

function recycledRow(bench: Bench, { count, median, p99 }: ReturnType<typeof summarize>): Row {
  const cleanSlate = bench.medians.get("clean slate");
  const figures = {
    id: "recycled-sandbox",
    what: "second sandbox, recycled, create + close",
    unit: "ns",
  } as const;
  const goal = "≤ 1.2 × a clean-slate call";
  if (cleanSlate === undefined)
    return notMeasured({ ...figures, goal }, "there is no clean-slate call to compare with");
  return judge({
    ...figures,
    samples: count,
    value: median,
    p99,
    floor: cleanSlate,
    goal,
    limit: 1.2 * cleanSlate,
  });
}

/** Private and shared memory of this process per further sandbox, less the one page of the module itself. */
async function measureIdleMemory(bench: Bench, options: SandboxOptions): Promise<Row> {
  bench.progress(`memory of ${IDLE} idle sandboxes`);
  using stack = new ClosingStack();
  stack.use(await Sandbox.create(options));
  const before = proportionalBytes();
  for (let count = 0; count < IDLE; count++) {
    const sandbox = stack.use(await Sandbox.create(options));
    checkEcho(sandbox);
  }
  const perSandbox = Math.round((proportionalBytes() - before) / IDLE);
  const memory = 65_536;
  return judge({
    id: "idle-memory",
    what: "memory of one more idle sandbox",
    unit: "bytes",
    value: perSandbox,
    goal: "≤ 1 MiB over its module's own memory",
    limit: IDLE_LIMIT + memory,
    note: `proportional set size of the process over ${IDLE} sandboxes, one call made in each`,
  });
}

function checkEcho(sandbox: Sandbox): void {
  const input = Uint8Array.of(1, 2, 3);
  if (Buffer.compare(sandbox.callBytes("echo", input), input) !== 0)
    throw new WrongBytesError("a new sandbox");
}
