// A guest that calls the functions of WASI with whatever arguments.
import type { ErrorCode, MachineName } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";
import { readCorpus } from "../../run.js";
import type { Outcome, Target } from "../../target.js";
import { checkCall, outputOf } from "./effects.js";
import { functionAt } from "./functions.js";
import { asComponent, asModule, type Form, Guest, type Run } from "./run.js";
import { type Call, callAt, clip, damageScript, MOST_CALLS } from "./script.js";

/** The calls of a run: those that came back, and the one that did not, if there is one. */
function callsOf({ start, steps }: Run): Call[] {
  const memories = [start, ...steps.map(({ memory }) => memory)];
  const count = Math.min(new DataView(start.buffer).getUint32(16, true), MOST_CALLS);
  return memories.slice(0, count).map((memory, index) => callAt(memory, index));
}

/** Everything that a run did is what its calls may do. */
function checkRun(run: Run, adapted: boolean): void {
  const { start, steps, output, flooded } = run;
  const calls = callsOf(run);
  const expected: Uint8Array[] = [];
  let before = start;
  for (const [index, { errno, memory }] of steps.entries()) {
    const call = calls[index] as Call;
    // The adapter has its state in the same memory, where a guest may damage it: then it does whatever it does.
    if (!adapted) checkCall(call, errno, before, memory);
    if (errno === 0) expected.push(outputOf(call, before));
    before = memory;
  }
  checkEnd(run, calls[steps.length], adapted);
  // What a call that never came back has written is nobody's to know; the adapter writes one vector at a time.
  if (!adapted && !flooded && run.code === undefined && Buffer.compare(output, Buffer.concat(expected)) !== 0)
    throw new Error(`${output.length} bytes came out, and not what was written`);
}

/** @param last The call that did not come back, if there is one. */
function checkEnd({ code, message, exitCode, flooded }: Run, last: Call | undefined, adapted: boolean): void {
  const name = last && functionAt(last.function).name;
  if (adapted && (code === undefined || isRefused(code, message))) return;
  if (code === undefined) {
    const status = name === "proc_exit" ? Number(BigInt.asIntN(32, last?.arguments[0] ?? 0n)) : 0;
    if (exitCode !== status) throw new Error(`it exited with ${exitCode}, not with ${status}`);
    if (last !== undefined && name !== "proc_exit") throw new Error(`${name} ended the run`);
    return;
  }
  // Nothing but a wait is long, and nothing but the host's own refusal ends a run that writes too much.
  if (code === "E_DEADLINE" && name === "poll_oneoff") return;
  if (code === "E_HOST_FUNCTION" && flooded) return;
  throw new Error(`${name} ended the run with ${message}`);
}

/** How a call of WASI 0.2 may end that never comes back, beside waits. */
const refusals: readonly (readonly [code: ErrorCode, text: string])[] = [
  // What the adapter takes for impossible, it traps on.
  ["E_TRAP", ""],
  // Pointers it hands on, and a component's must be right.
  ["E_BAD_REPLY", "the component's values are malformed"],
  // So are those at which it wants to have what it reads.
  ["E_MEMORY", "the component's `cabi_realloc` gives no memory"],
  ["E_LIMIT", "random bytes are more than one may ask for at a time"],
];

/** Whether the adapter, or what it called, refused a call. */
function isRefused(code: ErrorCode, message: string): boolean {
  return refusals.some(([one, text]) => one === code && message.includes(text));
}

/** Functions that give each run something else. */
const tellsTime: ReadonlySet<string> = new Set(["clock_time_get", "poll_oneoff"]);

/** Both machines did the same. */
function compareRuns(one: Run, other: Run, adapted: boolean): void {
  if (one.flooded && other.flooded) return;
  if (one.code !== other.code) throw new Error(`it ended with ${one.code}, and with ${other.code}`);
  if (one.steps.length !== other.steps.length || one.exitCode !== other.exitCode)
    throw new Error(
      `${one.steps.length} calls (${one.exitCode}), and ${other.steps.length} (${other.exitCode})`,
    );
  const calls = callsOf(one);
  for (const [index, { errno, memory }] of one.steps.entries()) {
    const twin = other.steps[index] as (typeof one.steps)[number];
    const name = functionAt((calls[index] as Call).function).name;
    if (errno !== twin.errno) throw new Error(`${name} gave ${errno}, and ${twin.errno}`);
    if (Buffer.compare(memory, twin.memory) !== 0) throw new Error(`${name} wrote two things`);
  }
  // The adapter keeps in memory what clocks said, and a guest may write that out.
  const asked = adapted && calls.some((call) => tellsTime.has(functionAt(call.function).name));
  const same = asked
    ? one.output.length === other.output.length
    : Buffer.compare(one.output, other.output) === 0;
  if (!same) throw new Error("two outputs");
}

/** How often a run is followed by the one that all must leave alone. */
const WITNESS_EVERY = 16;

/** Opens, reads and lists; all of its calls succeed. */
const witness = corpusFile("files.bin");

function corpusFile(name: string): Uint8Array {
  return readCorpus("wasi").find((file) => file.name === name)?.bytes ?? new Uint8Array(0);
}

/** Guests of one form on both machines. */
class Guests {
  readonly #guests = new Map<MachineName, Guest>();
  readonly #first = new Map<MachineName, Run>();
  #runs = 0;

  /** @param adapted Whether an adapter stands between the guest and what is tested. */
  constructor(
    private readonly form: Form,
    private readonly adapted: boolean,
  ) {}

  async run(machines: readonly MachineName[], bytes: Uint8Array): Promise<Outcome> {
    const input = clip(bytes);
    const runs: Run[] = [];
    for (const machine of machines) {
      const run = await this.#on(machine).run(input);
      checkRun(run, this.adapted);
      runs.push(run);
      if (this.#runs++ % WITNESS_EVERY === 0) await this.#askWitness(machine);
    }
    const [one, other] = runs;
    if (one !== undefined && other !== undefined) compareRuns(one, other, this.adapted);
    return one?.steps.some(({ errno }) => errno === 0) ? "read" : "refused";
  }

  async close(): Promise<void> {
    for (const guest of this.#guests.values()) await guest.close();
    this.#guests.clear();
  }

  /** It must not notice that others ran. */
  async #askWitness(machine: MachineName): Promise<void> {
    const run = await this.#on(machine).run(clip(witness));
    const first = this.#first.get(machine) ?? run;
    this.#first.set(machine, first);
    if (run.steps.length === 0 || run.steps.some(({ errno }) => errno !== 0))
      throw new Error("the witness failed");
    compareRuns(first, run, this.adapted);
  }

  #on(machine: MachineName): Guest {
    const guest = this.#guests.get(machine) ?? new Guest(this.form, machine);
    this.#guests.set(machine, guest);
    return guest;
  }
}

const modules = new Guests(asModule, false);
const components = new Guests(asComponent, true);

/** Ends the machines. */
export async function closeGuests(): Promise<void> {
  await modules.close();
  await components.close();
}

const common = {
  corpus: "wasi",
  // A wait may take as long as the deadline, on both machines.
  mostMilliseconds: 10_000,
  share: 10,
  damage: damageScript,
} as const;

export const wasiSoft: Target = {
  ...common,
  name: "wasi-soft",
  reads: "arguments of WASI preview 1, on the soft machine",
  run: (bytes) => modules.run(["soft"], bytes),
};

export const wasiKvm: Target = {
  ...common,
  name: "wasi-kvm",
  reads: "arguments of WASI preview 1, on both machines, which must agree",
  missing: hostProblem,
  run: (bytes) => modules.run(["kvm", "soft"], bytes),
};

export const wasi2Soft: Target = {
  ...common,
  name: "wasi2-soft",
  reads: "arguments of WASI 0.2, on the soft machine",
  run: (bytes) => components.run(["soft"], bytes),
};

export const wasi2Kvm: Target = {
  ...common,
  name: "wasi2-kvm",
  reads: "arguments of WASI 0.2, on both machines, which must agree",
  missing: hostProblem,
  run: (bytes) => components.run(["kvm", "soft"], bytes),
};
