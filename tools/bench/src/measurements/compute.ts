import { type Kernel, kernels } from "@twinwall/programs";
import { type MachineName, Sandbox } from "@twinwall/sandbox";
import type { Bench } from "../bench.js";
import { interleave, type Series, timeEach } from "../interleave.js";
import { readKernel } from "../kernels.js";
import { WrongBytesError } from "../payload.js";
import { judge, notMeasured, type Row } from "../row.js";
import { ClosingStack } from "../stack.js";
import { geometricMean, summarize } from "../statistics.js";

/** Goal of a machine over all kernels. */
interface Goal {
  readonly machine: MachineName;
  /** Largest geometric mean, in terms of V8. */
  readonly limit: number;
}

const GOALS: readonly Goal[] = [
  { machine: "kvm", limit: 1.2 },
  { machine: "soft", limit: 40 },
];

/** Runs of a kernel per round: several, so that V8 gets to its best code; the interpreter has none better. */
const PER_ROUND: Readonly<Record<MachineName | "v8", number>> = { kvm: 3, soft: 1, v8: 3 };

/** How long a kernel takes on each side, nanoseconds. */
interface KernelFigures {
  readonly name: string;
  readonly medians: ReadonlyMap<string, number>;
}

/** One row a machine for all kernels, and one for each of them. */
export async function measureCompute(bench: Bench, machines: readonly MachineName[]): Promise<Row[]> {
  const goals = GOALS.filter(({ machine }) => machines.includes(machine));
  const figures: KernelFigures[] = [];
  for (const kernel of kernels()) {
    const module = readKernel(kernel);
    if (module === undefined) {
      return goals.map((goal) =>
        notMeasured(head(goal), `tools/programs has not built kernel ${kernel.name}`),
      );
    }
    bench.progress(`kernel ${kernel.name}`);
    figures.push(await measureKernel(bench, kernel, module, machines));
  }
  return goals.flatMap((goal) => machineRows(goal, figures));
}

function head({ machine, limit }: Goal) {
  return {
    id: machine === "kvm" ? "compute" : `${machine}-compute`,
    what: `${prefix(machine)}compute kernels against V8, geometric mean`,
    unit: "ratio",
    goal: `≤ ${limit} × V8`,
  } as const;
}

function prefix(machine: MachineName): string {
  return machine === "kvm" ? "" : `${machine}: `;
}

function machineRows(goal: Goal, figures: readonly KernelFigures[]): Row[] {
  const { machine, limit } = goal;
  const medianOf = ({ medians }: KernelFigures, side: string): number => medians.get(side) ?? Number.NaN;
  const ratios = figures.map((kernel) => medianOf(kernel, machine) / medianOf(kernel, "v8"));
  const note = machine === "kvm" ? "" : "; fuel on";
  return [
    judge({
      ...head(goal),
      value: geometricMean(ratios),
      limit,
      note: `all sides in turn, all results checked${note}`,
    }),
    ...figures.map((kernel) =>
      judge({
        id: `${machine === "kvm" ? "" : `${machine}-`}kernel-${kernel.name}`,
        what: `${prefix(machine)}kernel ${kernel.name} (floor: V8)`,
        unit: "ns",
        value: medianOf(kernel, machine),
        floor: medianOf(kernel, "v8"),
        goal: "stated",
      }),
    ),
  ];
}

async function measureKernel(
  bench: Bench,
  kernel: Kernel,
  module: Uint8Array<ArrayBuffer>,
  machines: readonly MachineName[],
): Promise<KernelFigures> {
  using stack = new ClosingStack();
  const series = [];
  for (const machine of machines) {
    const limits = { deadline: "60s", memory: "256MiB" } as const;
    const sandbox = stack.use(await Sandbox.create({ module, machine, limits }));
    const session = sandbox.session();
    series.push(kernelSeries(kernel, machine, () => session.call(kernel.export, kernel.argument)));
  }
  const inV8 = openInV8(kernel, module);
  series.push(kernelSeries(kernel, "v8", () => inV8(kernel.argument)));
  const samples = await interleave(series, { rounds: Math.ceil(bench.effort.rounds / 5), perRound: 1 });
  const medians = new Map(series.map(({ name }) => [name, summarize(samples.get(name) ?? []).median]));
  return { name: kernel.name, medians };
}

function kernelSeries(kernel: Kernel, name: MachineName | "v8", run: () => unknown): Series {
  return { name, measure: (count) => timeChecked(kernel, count * PER_ROUND[name], run) };
}

function openInV8(kernel: Kernel, module: Uint8Array<ArrayBuffer>): (argument: number) => unknown {
  const run = new WebAssembly.Instance(new WebAssembly.Module(module)).exports[kernel.export];
  if (typeof run !== "function") throw new Error(`kernel ${kernel.name} exports no ${kernel.export}`);
  return run as (argument: number) => unknown;
}

function timeChecked({ name, expected }: Kernel, count: number, run: () => unknown): Float64Array {
  let result: unknown;
  const once = (): void => {
    result = run();
  };
  const check = (): void => {
    if (result !== expected) throw new WrongBytesError(`kernel ${name}: ${result} instead of ${expected}`);
  };
  return timeEach(count, once, check);
}
