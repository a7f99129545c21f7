import { type Kernel, kernels } from "@twinwall/programs";
import { Sandbox } from "@twinwall/sandbox";
import type { Bench } from "../bench.js";
import { interleave, timeEach } from "../interleave.js";
import { readKernel } from "../kernels.js";
import { WrongBytesError } from "../payload.js";
import { judge, notMeasured, type Row } from "../row.js";
import { geometricMean, summarize } from "../statistics.js";

const HEAD = {
  id: "compute",
  what: "compute kernels against V8, geometric mean",
  unit: "ratio",
  goal: "≤ 1.2 × V8",
} as const;
const LIMIT = 1.2;

/** Runs of a kernel per round: several, so that V8 gets to its best code. */
const PER_ROUND = 3;

/** How long a kernel takes on each side, nanoseconds. */
interface KernelFigures {
  readonly name: string;
  readonly kvm: number;
  readonly v8: number;
}

/** One row for all kernels, and one for each of them. */
export async function measureCompute(bench: Bench): Promise<Row[]> {
  const figures: KernelFigures[] = [];
  for (const kernel of kernels()) {
    const module = readKernel(kernel);
    if (module === undefined)
      return [notMeasured(HEAD, `tools/programs has not built kernel ${kernel.name}`)];
    bench.progress(`kernel ${kernel.name}`);
    figures.push(await measureKernel(bench, kernel, module));
  }
  const ratios = figures.map(({ kvm, v8 }) => kvm / v8);
  return [
    judge({
      ...HEAD,
      value: geometricMean(ratios),
      limit: LIMIT,
      note: "both sides in turn, all results checked",
    }),
    ...figures.map(kernelRow),
  ];
}

async function measureKernel(
  bench: Bench,
  kernel: Kernel,
  module: Uint8Array<ArrayBuffer>,
): Promise<KernelFigures> {
  using sandbox = await Sandbox.create({
    module,
    machine: "kvm",
    limits: { deadline: "60s", memory: "256MiB" },
  });
  using session = sandbox.session();
  const inV8 = openInV8(kernel, module);
  const samples = await interleave(
    [
      {
        name: "kvm",
        measure: (count) => timeChecked(kernel, count, () => session.call(kernel.export, kernel.argument)),
      },
      { name: "v8", measure: (count) => timeChecked(kernel, count, () => inV8(kernel.argument)) },
    ],
    { rounds: Math.ceil(bench.effort.rounds / 5), perRound: PER_ROUND },
  );
  const medianOf = (side: string): number => summarize(samples.get(side) ?? []).median;
  return { name: kernel.name, kvm: medianOf("kvm"), v8: medianOf("v8") };
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

function kernelRow({ name, kvm, v8 }: KernelFigures): Row {
  return judge({
    id: `kernel-${name}`,
    what: `kernel ${name} (floor: V8)`,
    unit: "ns",
    value: kvm,
    floor: v8,
    goal: "stated",
  });
}
