import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { type MachineName, Sandbox, TwinwallError } from "@twinwall/sandbox";
import { hostProblem } from "@twinwall/vmm-kvm";
import { formatText } from "../format.js";
import type { Row } from "../row.js";
import { describeSystem, formatSystem } from "../system.js";
import { measureCrowd } from "./crowd.js";
import { flatnessRows } from "./flatness.js";
import { soakModule } from "./guest.js";
import { type Holdings, holdingsProblem } from "./holdings.js";
import { Lives, optionsOf, type Source } from "./lives.js";
import { Mix } from "./mix.js";
import { parseSoakOptions, SOAK_USAGE, type SoakOptions } from "./options.js";
import { WrongOutcomeError } from "./outcome.js";
import { watch } from "./watch.js";
import { WORKERS, WorkerRounds } from "./workers.js";

/** Calls of a Worker, as a share of all calls. */
const WORKER_SHARE = 1 / 1000;
/** Rounds of Workers: one for so many calls, within these bounds. */
const CALLS_PER_ROUND = 5000;
const FEWEST_ROUNDS = 4;
const MOST_ROUNDS = 40;

/** What a soak found on one machine. */
export interface SoakResult {
  readonly machine: MachineName;
  readonly rows: readonly Row[];
  /** Calls of the first phase, by their kind. */
  readonly calls: Readonly<Record<string, number>>;
  /** What the process held, by the name of the phase. */
  readonly samples: Readonly<Record<string, readonly Holdings[]>>;
  /** Wall time, seconds. */
  readonly seconds: number;
}

/**
 * `bench soak`: long use of machines in one process. The report goes to standard output, progress to standard error.
 *
 * @param words The command line behind the command's name.
 * @returns The exit status: 0; 1 when something leaks or a call ended in another way than it must; 2 for a command line
 * that it does not know.
 */
export async function runSoak(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (options === undefined) return 2;
  if (options === "help") {
    process.stdout.write(SOAK_USAGE);
    return 0;
  }
  try {
    return await run(options);
  } catch (error) {
    const known = error instanceof TwinwallError || error instanceof WrongOutcomeError;
    complain(error instanceof Error && !known ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

function readOptions(words: readonly string[]): SoakOptions | "help" | undefined {
  try {
    return parseSoakOptions(words);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function run(options: SoakOptions): Promise<number> {
  const problem = holdingsProblem() ?? (options.machine === "kvm" ? hostProblem() : undefined);
  if (problem !== undefined) {
    progress(`nothing to soak: ${problem}`);
    return 0;
  }
  const system = { ...describeSystem(), load: loadavg() };
  const results: SoakResult[] = [];
  for (const machine of machinesOf(options)) results.push(await soak(machine, options));
  const rows = results.flatMap((result) => result.rows);
  const load = system.load.map((value) => value.toFixed(2)).join(", ");
  process.stdout.write(`\n${formatSystem(system)}, load ${load} before\n\n${formatText(rows)}\n`);
  if (options.json !== undefined) {
    // A package manager starts this in its own folder; the user's is in INIT_CWD.
    const file = resolve(process.env["INIT_CWD"] ?? "", options.json);
    const record = { date: new Date().toISOString(), system, options, results };
    writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
  }
  const leaks = rows.filter(({ verdict }) => verdict.kind === "missed");
  for (const { what } of leaks) complain(`not flat: ${what}`);
  return leaks.length === 0 ? 0 : 1;
}

function machinesOf({ machine }: SoakOptions): readonly MachineName[] {
  if (machine !== undefined) return [machine];
  const problem = hostProblem();
  if (problem === undefined) return ["kvm", "soft"];
  progress(`no KVM: ${problem}`);
  return ["soft"];
}

/**
 * Soaks one machine.
 *
 * @throws WrongOutcomeError when a call ends in another way than it must.
 * @throws TwinwallError when a sandbox cannot be made.
 */
async function soak(machine: MachineName, options: SoakOptions): Promise<SoakResult> {
  const start = performance.now();
  const source = await openSource(machine);
  // First, in a process that has no freed memory to give to them.
  progress(`${machine}: ${options.live} live sandboxes`);
  const crowd = await measureCrowd(source, options.live);
  const samples: Record<string, Holdings[]> = {};
  const phase = async (
    name: string,
    count: number,
    work: (pieces: number) => Promise<void>,
  ): Promise<Row[]> => {
    const what = `${machine}: ${count.toLocaleString("en-US")} ${name}`;
    progress(`${what}, after ${Math.round((performance.now() - start) / 1000)} s`);
    const seen = await watch(count, work);
    samples[name] = seen;
    return flatnessRows({ id: `soak-${machine}-${name.replaceAll(" ", "-")}`, what }, seen);
  };
  using mix = await Mix.open((limits) => Sandbox.create({ ...optionsOf(source), limits }));
  const lives = new Lives(source);
  const workers = new WorkerRounds(source, Math.ceil(options.calls * WORKER_SHARE));
  const rounds = Math.min(Math.max(Math.round(options.calls / CALLS_PER_ROUND), FEWEST_ROUNDS), MOST_ROUNDS);
  const rows = [
    ...crowd,
    ...(await phase("calls", options.calls, (count) => mix.run(count))),
    ...(await phase("creations", options.creations, (count) => lives.run(count))),
    ...(await phase(`rounds of ${WORKERS} workers`, rounds, (count) => workers.run(count))),
  ];
  const seconds = (performance.now() - start) / 1000;
  return { machine, rows, calls: Object.fromEntries(mix.made), samples, seconds };
}

/** Compiles the guest, and saves a snapshot of it. */
async function openSource(machine: MachineName): Promise<Source> {
  const module = await soakModule();
  const parts = { machine, module, snapshot: new Uint8Array(0) };
  await using sandbox = await Sandbox.create(optionsOf(parts));
  const { bytes } = await sandbox.snapshot();
  return { ...parts, snapshot: bytes };
}

function complain(text: string): void {
  process.stderr.write(`bench soak: ${text}\n`);
}

function progress(text: string): void {
  process.stderr.write(`… ${text}\n`);
}
