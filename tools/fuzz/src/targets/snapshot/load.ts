// Snapshots of a real guest, changed and sealed again: what the container lets through is for the machine to refuse, or to
// run as it was saved.
import { type ErrorCode, type MachineName, TwinwallError } from "@twinwall/abi";
import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import { hostProblem } from "@twinwall/vmm-kvm";
import { isRefusal, type Outcome, type Target } from "../../target.js";
import { compiler } from "../compiler.js";
import { applyEdits, damageEdits, type Edits, keyOf, kindOf, parseEdits } from "./edits.js";
import { guestModule, PEEKED } from "./guest.js";
import { difference, formatState, parseState, type State, type Run as StateRun, startOf } from "./state.js";

/** Refusals of a snapshot: of what it says, of limits and host functions that do not fit what it says. */
const refusals: readonly ErrorCode[] = ["E_BAD_SNAPSHOT", "E_OPTION", "E_IMPORT"];

/** Most that the process may grow by in one case, bytes. */
const MOST_GROWTH = 256 * 2 ** 20;

/** How often a sandbox of the whole snapshot is asked whether it is still whole. */
const WITNESS_EVERY = 8;

const host = { seed: hostFunction({ params: [], result: t.i32 }, () => 1) };

/** What all changed snapshots of a machine come from. */
interface Base {
  readonly state: State;
  readonly witness: Sandbox;
}

async function open(machine: MachineName): Promise<Base> {
  const files = { "/a/words": "apple\nbirne\n" };
  const limits = { memory: 2 * 2 ** 20 };
  await using sandbox = await Sandbox.create({
    module: await guestModule(),
    machine,
    compiler,
    host,
    files,
    limits,
  });
  const { bytes } = await sandbox.snapshot();
  const state = parseState(bytes);
  return { state, witness: await Sandbox.from(formatState(state, undefined), { host, machine }) };
}

class Loader {
  #base: Promise<Base> | undefined;
  #runs = 0;

  constructor(readonly machine: MachineName) {}

  async run(bytes: Uint8Array): Promise<Outcome> {
    const { machine } = this;
    this.#base ??= open(machine);
    const { state, witness } = await this.#base;
    const before = process.memoryUsage.rss();
    const edits = parseEdits(bytes);
    const outcome = await load(machine, state, edits);
    const growth = process.memoryUsage.rss() - before;
    if (growth > MOST_GROWTH) throw new Error(`the process grew by ${growth} bytes`);
    if (this.#runs++ % WITNESS_EVERY === 0 && witness.call("count") !== 1)
      throw new Error("the witness is not what it was");
    return outcome;
  }

  async close(): Promise<void> {
    (await this.#base)?.witness.close();
    this.#base = undefined;
  }
}

async function load(machine: MachineName, base: State, edits: Edits): Promise<Outcome> {
  const state = applyEdits(base, edits.edits);
  const key = keyOf(edits);
  let sandbox: Sandbox;
  try {
    sandbox = await Sandbox.from(formatState(state, key), {
      ...(key === undefined ? {} : { key }),
      ...{ host, machine, recycle: false, limits: { deadline: "100ms" } },
    });
  } catch (error) {
    if (isRefusal(error, refusals)) return "refused";
    throw error;
  }
  try {
    if (machine === "kvm") checkPlaces(base, state);
    await checkState(machine, sandbox, state);
    if (edits.edits.every((edit) => kindOf(edit) === "own-memory")) checkMemory(sandbox, state);
    else await use(sandbox);
    return "read";
  } finally {
    sandbox.close();
  }
}

// Where the KVM machine has memory of a guest's own: packages/abi/rust/src/layout.rs.
const STACK_TOP = 0x401f_f000;
const STACK_WINDOW = 2 ** 20;
const HEAP = 0x10_0000_0000;
const WINDOW = 4 * 2 ** 30;
const MEMORIES = 0x20_0000_0000;
const MEMORY_STRIDE = 8 * 2 ** 30;
const MEMORY_SLOTS = 32;

/** Whether a range lies where a guest of the KVM machine can have one: in its heap, or a linear memory. */
function isOwn({ address, length }: StateRun): boolean {
  if (address === HEAP) return length <= WINDOW;
  const slot = (address - MEMORIES) / MEMORY_STRIDE;
  return Number.isInteger(slot) && slot >= 0 && slot < MEMORY_SLOTS && length <= WINDOW;
}

/** Below the heap everything has its place; only a stack may be longer, downwards from its end. */
function checkPlaces(base: State, { runs }: State): void {
  const end = ({ address, length }: StateRun): number => address + length;
  const fixed = base.runs.filter(({ address }) => address < HEAP);
  for (const run of runs.filter((one) => !isOwn(one))) {
    const isStack = end(run) === STACK_TOP && run.length <= STACK_WINDOW;
    const same = fixed.some(({ address, length }) => address === run.address && length === run.length);
    if (!same && !isStack)
      throw new Error(`it has ${run.length} bytes at ${run.address}, where no guest has memory`);
  }
  const missing = fixed.find((one) => !runs.some((run) => end(run) === end(one)));
  if (missing !== undefined) throw new Error(`it has no memory at ${missing.address}`);
}

/** Saved again, it is what it was loaded from; and within its limits. */
async function checkState(machine: MachineName, sandbox: Sandbox, state: State): Promise<void> {
  // The module's own memory comes last. On KVM it has one budget with the heap, which the machine keeps.
  const own = state.runs.at(-1)?.length ?? 0;
  if (machine === "soft" && own > Number(state.fields["memory"]))
    throw new Error(`it has ${own} bytes of memory, above its limit`);
  const found = difference(state, parseState((await sandbox.snapshot()).bytes));
  if (found !== undefined) throw new Error(`it runs with another state than the saved one: ${found}`);
}

/** The guest is as whole as it was: it sees its memory, and counts. */
function checkMemory(sandbox: Sandbox, { runs }: State): void {
  const last = runs.at(-1);
  const expected = last && startOf(last, PEEKED);
  if (expected === undefined || !Buffer.from(sandbox.callBytes("peek")).equals(expected))
    throw new Error("the guest does not see the memory that was saved");
  if (sandbox.call("count") !== 1) throw new Error("the guest counts from elsewhere");
}

/** Does what a guest in whatever state can be asked for: it may fail, in a typed way and in time. */
async function use(sandbox: Sandbox): Promise<void> {
  for (const name of ["count", "ask", "grow"]) {
    try {
      // On a thread of its own: what a damaged runtime does on the soft machine is not counted, and ends by force.
      await sandbox.callAsync(name, name === "grow" ? [1] : []);
    } catch (error) {
      if (!(error instanceof TwinwallError)) throw error;
    }
  }
}

const loaders: Readonly<Record<MachineName, Loader>> = {
  kvm: new Loader("kvm"),
  soft: new Loader("soft"),
};

/** Ends the sandboxes. */
export async function closeLoaders(): Promise<void> {
  await loaders.kvm.close();
  await loaders.soft.close();
}

const common = {
  corpus: "snapshot-state",
  mostMilliseconds: 10_000,
  share: 20,
  damage: damageEdits,
} as const;

export const snapshotSoft: Target = {
  ...common,
  name: "snapshot-soft",
  reads: "states in snapshots, as the soft machine loads and runs them",
  run: (bytes) => loaders.soft.run(bytes),
};

/** Registers too, which the soft machine has none of. */
export const snapshotKvm: Target = {
  ...common,
  name: "snapshot-kvm",
  reads: "states in snapshots, as the KVM machine loads and runs them",
  missing: hostProblem,
  run: (bytes) => loaders.kvm.run(bytes),
};
