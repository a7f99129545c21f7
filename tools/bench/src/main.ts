import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { compileSample } from "@twinwall/programs";
import { hostProblem, openKvmDriver } from "@twinwall/vmm-kvm";
import { type Bench, FULL, QUICK } from "./bench.js";
import { runEnvoyEchoBench } from "./envoy/run.js";
import { formatMarkdown, formatText } from "./format.js";
import { readKernel } from "./kernels.js";
import { measureCalls } from "./measurements/calls.js";
import { measureCompile } from "./measurements/compile.js";
import { measureCompute } from "./measurements/compute.js";
import { measureCreation } from "./measurements/creation.js";
import { measureDeadlines } from "./measurements/deadlines.js";
import { measureInstructions } from "./measurements/instructions.js";
import { measurePool } from "./measurements/pool.js";
import { measureRestores } from "./measurements/restore.js";
import { measureSoft } from "./measurements/soft.js";
import { measureThreads } from "./measurements/threads.js";
import { measureTyped } from "./measurements/typed.js";
import { type BenchOptions, parseOptions } from "./options.js";
import { WrongBytesError } from "./payload.js";
import { replaceBenchBlock } from "./readme.js";
import { notMeasured, type Row } from "./row.js";
import { runSoak } from "./soak/run.js";
import { describeSystem, formatSystem } from "./system.js";

const README = new URL("../../../README.md", import.meta.url);
const ECHO_MODULE = new URL(import.meta.resolve("@twinwall/app-echo/artifacts/echo.wasm"));
const COMPILE_HEAD = {
  id: "compile",
  what: "compile 150 KB in a warm Worker",
  unit: "ns",
  goal: "≤ 1 s",
} as const;

process.exitCode = await choose(process.argv.slice(2).filter((word) => word !== "--"));

/** `envoy-echo` and `soak` are benchmarks of their own. */
async function choose(words: readonly string[]): Promise<number> {
  if (words[0] === "envoy-echo") return await runEnvoyEchoBench(words.slice(1));
  return words[0] === "soak" ? await runSoak(words.slice(1)) : await main(words);
}

/** Runs the benchmark. Missed goals are told, wrong bytes fail. */
async function main(words: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(words);
    const rows = await measureAll(openBench(options));
    show(rows, options);
    return 0;
  } catch (error) {
    return report(error);
  }
}

function openBench({ quick }: BenchOptions): Bench {
  return {
    effort: quick ? QUICK : FULL,
    echoModule: new Uint8Array(readFileSync(ECHO_MODULE)),
    medians: new Map(),
    progress: (text) => process.stderr.write(`… ${text}\n`),
  };
}

async function measureAll(bench: Bench): Promise<Row[]> {
  const problem = hostProblem();
  bench.progress(problem === undefined ? openKvmDriver().description : `no KVM: ${problem}`);
  const machines = problem === undefined ? (["kvm", "soft"] as const) : (["soft"] as const);
  const kvm = problem === undefined ? await measureKvm(bench) : [];
  bench.progress("soft machine");
  const soft = await measureSoft(bench);
  bench.progress("restores");
  const restores: Row[] = [];
  for (const machine of machines) restores.push(...(await measureRestores(bench, machine)));
  bench.progress("pools");
  const pools = await measurePool(bench, machines);
  bench.progress("threads");
  const threads = [
    ...(await measureThreads(bench, "kvm", problem)),
    ...(await measureThreads(bench, "soft")),
    ...(await measureDeadlines(bench, "kvm", problem)),
    ...(await measureDeadlines(bench, "soft")),
  ];
  bench.progress("typed calls");
  const typed = await measureTyped(bench, machines);
  const compute = await measureCompute(bench, machines);
  const module = readKernel(compileSample());
  const compile =
    module === undefined
      ? notMeasured(COMPILE_HEAD, "tools/programs has not built its module")
      : await measureCompile(bench, module);
  return [...kvm, ...soft, ...restores, ...pools, ...threads, ...typed, ...compute, compile];
}

async function measureKvm(bench: Bench): Promise<Row[]> {
  bench.progress("calls");
  const calls = await measureCalls(bench);
  bench.progress("creation");
  return [...calls, await measureInstructions(bench), ...(await measureCreation(bench))];
}

function show(rows: readonly Row[], { quick, json, markdown }: BenchOptions): void {
  const system = describeSystem();
  const heading = `${formatSystem(system)}${quick ? "; --quick: too few rounds for a record" : ""}`;
  process.stdout.write(`\n${heading}\n\n${formatText(rows)}\n`);
  if (json !== undefined) {
    // A package manager starts this in its own folder; the user's is in INIT_CWD.
    const file = resolve(process.env["INIT_CWD"] ?? "", json);
    const record = { date: new Date().toISOString(), quick, system, rows };
    writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
  }
  if (markdown) {
    const block = `Measured on ${heading}.\n\n${formatMarkdown(rows)}`;
    writeFileSync(README, replaceBenchBlock(readFileSync(README, "utf8"), block));
  }
}

function report(error: unknown): number {
  if (error instanceof TwinwallError && error.code === "E_NO_MACHINE") {
    process.stderr.write(`bench: nothing to measure: ${error.rawMessage}\n`);
    return 0;
  }
  const stack = error instanceof Error && !(error instanceof WrongBytesError) ? error.stack : undefined;
  process.stderr.write(`bench: ${stack ?? String(error)}\n`);
  return 1;
}
