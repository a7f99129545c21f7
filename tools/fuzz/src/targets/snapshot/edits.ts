// Inputs: what is changed in a state, one change behind the other. So they outlive images and processors, which a snapshot
// does not.
import { mutate, Random } from "../../mutate.js";
import { KEY } from "./container.js";
import { changeHeader } from "./header.js";
import { copyState, PAGE, type Run, type State } from "./state.js";

/** Bytes of a change: its kind, which of them, four of nothing, an offset, a length, a value. */
export const EDIT_BYTES = 24;

/** Most changes of an input. */
const MOST_EDITS = 6;

/** A change. */
export interface Edit {
  readonly kind: number;
  readonly which: number;
  readonly offset: number;
  readonly length: number;
  readonly value: bigint;
}

/** An input, taken apart. */
export interface Edits {
  /** Whether a key authenticates the snapshot. */
  readonly keyed: boolean;
  readonly edits: readonly Edit[];
}

/** The changes of whatever bytes. The first four say whether there is a key. */
export function parseEdits(bytes: Uint8Array): Edits {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = Math.min(MOST_EDITS, Math.max(0, Math.floor((bytes.length - 4) / EDIT_BYTES)));
  const edits = Array.from({ length: count }, (_, index): Edit => {
    const at = 4 + index * EDIT_BYTES;
    return {
      kind: (bytes[at] ?? 0) % kinds.length,
      which: bytes[at + 1] ?? 0,
      offset: view.getUint32(at + 8, true),
      length: view.getUint32(at + 12, true),
      value: view.getBigUint64(at + 16, true),
    };
  });
  return { keyed: ((bytes[0] ?? 0) & 1) === 1, edits };
}

/** Changes as an input. */
export function formatEdits({ keyed, edits }: Edits): Uint8Array {
  const bytes = new Uint8Array(4 + edits.length * EDIT_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = keyed ? 1 : 0;
  edits.forEach(({ kind, which, offset, length, value }, index) => {
    const at = 4 + index * EDIT_BYTES;
    bytes[at] = kind;
    bytes[at + 1] = which;
    view.setUint32(at + 8, offset, true);
    view.setUint32(at + 12, length, true);
    view.setBigUint64(at + 16, value, true);
  });
  return bytes;
}

type Change = (state: State, edit: Edit) => void;

const runOf = ({ runs }: State, { which }: Edit): Run | undefined => runs[which % Math.max(runs.length, 1)];

/** A number that a header can say. */
const numberOf = (value: bigint): number => Number(BigInt.asIntN(54, value));

/** Numbers from one to a few hundred, up or down. */
const small = (value: bigint): number => Number(BigInt.asIntN(9, value)) || 1;

/** Fills bytes with a pattern of eight. */
function fill(bytes: Uint8Array, offset: number, length: number, value: bigint): void {
  const pattern = new Uint8Array(BigUint64Array.of(value).buffer);
  const start = offset % Math.max(bytes.length, 1);
  for (let at = start; at < Math.min(start + length, bytes.length); at++)
    bytes[at] = pattern[(at - start) % 8] as number;
}

/** One register, or several. */
const registers: Change = (state, { which, length, value }) =>
  fill(state.registers, 8 * (which % 16), 8 * (1 + (length % 3)), value);

/** A piece of memory that the snapshot holds. */
const contents: Change = (state, edit) => {
  const spans = runOf(state, edit)?.spans ?? [];
  const span = spans[edit.offset % Math.max(spans.length, 1)];
  if (span !== undefined) fill(span.bytes, edit.offset >>> 3, 1 + (edit.length % PAGE), edit.value);
};

/** A piece of the last range: of the module's own memory, which the guest can be asked for. */
const ownMemory: Change = (state, edit) => contents(state, { ...edit, which: state.runs.length - 1 });

const address: Change = (state, edit) => {
  const run = runOf(state, edit);
  if (run !== undefined) run.address = numberOf(edit.value);
};

const moved: Change = (state, edit) => {
  const run = runOf(state, edit);
  if (run !== undefined) run.address += (edit.length % 2 === 0 ? PAGE : 8) * small(edit.value);
};

const length: Change = (state, edit) => {
  const run = runOf(state, edit);
  if (run !== undefined) run.length = numberOf(edit.value);
};

const longer: Change = (state, edit) => {
  const run = runOf(state, edit);
  if (run !== undefined) run.length += (edit.length % 8 === 0 ? 1 : PAGE) * small(edit.value);
};

const removed: Change = (state, { which }) => {
  state.runs.splice(which % Math.max(state.runs.length, 1), 1);
};

const twice: Change = (state, edit) => {
  const run = runOf(state, edit);
  if (run !== undefined) state.runs.push(structuredClone(run));
};

/** One more range, of zeros. */
const added: Change = (state, { which, length: pages, value }) => {
  const run = { address: numberOf(value), length: PAGE * (1 + (pages % 64)), spans: [] };
  state.runs.splice(which % (state.runs.length + 1), 0, run);
};

/** Ranges in their order, as a writer has them: without it, most others fall for that alone. */
const sorted: Change = ({ runs }) => {
  runs.sort((one, other) => one.address - other.address);
};

const ends: Change = (state, { which, length: how, value }) => {
  const at = which % Math.max(state.ends.length, 1);
  const old = state.ends[at] ?? 0;
  state.ends[at] = how % 2 === 0 ? old + PAGE * small(value) : numberOf(value);
};

/** A linear memory that is longer or shorter, with its end where that says. */
const grown: Change = (state, { value }) => {
  const run = state.runs.at(-1);
  if (run === undefined) return;
  const bytes = 65_536 * (Number(value % 64n) - 2);
  run.length += bytes;
  if (state.ends.length > 0) state.ends[state.ends.length - 1] = (state.ends.at(-1) ?? 0) + bytes;
};

const artifact: Change = (state, { offset, length: count, value }) =>
  fill(state.artifact, offset, 1 + (count % 8), value);

const files: Change = (state, { offset, length: count, value }) =>
  fill(state.files, offset, 1 + (count % 8), value);

/** Anything that the header says beside that. */
const fields: Change = (state, { offset, value }) => {
  const numbers = new Random(offset ^ Number(value & 0xffff_ffffn));
  const changed = changeHeader(state.fields, state.fields, numbers);
  if (typeof changed !== "object" || changed === null) return;
  for (const name of Object.keys(state.fields)) delete state.fields[name];
  Object.assign(state.fields, changed);
};

/** All changes; inputs of the corpus name them by their place here. */
export const kinds: readonly (readonly [name: string, change: Change])[] = [
  ["registers", registers],
  ["contents", contents],
  ["own-memory", ownMemory],
  ["address", address],
  ["moved", moved],
  ["length", length],
  ["longer", longer],
  ["removed", removed],
  ["twice", twice],
  ["added", added],
  ["sorted", sorted],
  ["ends", ends],
  ["grown", grown],
  ["artifact", artifact],
  ["files", files],
  ["fields", fields],
];

/** The name of a change. */
export function kindOf({ kind }: Edit): string {
  return kinds[kind]?.[0] ?? "";
}

/** A copy of a state with these changes. */
export function applyEdits(state: State, edits: readonly Edit[]): State {
  const changed = copyState(state);
  for (const edit of edits) kinds[edit.kind]?.[1](changed, edit);
  return changed;
}

/** The key of a snapshot with these changes. */
export function keyOf({ keyed }: Edits): Uint8Array | undefined {
  return keyed ? KEY : undefined;
}

/** Addresses at which a machine has something: its system pages, mailbox, stack, areas, module, heap, linear memories. */
const addresses = [
  ...[0n, 0x1000n, 0x20_0000n, 0x40_0000n, 0x4000_0000n, 0x4000_1000n, 0x4000_2000n, 0x401f_e000n],
  ...[0x4020_0000n, 0x8000_0000n, 0xc000_0000n, 0x1_0000_0000n, 0x10_0000_0000n, 0x10_0000_1000n],
  ...[0x20_0000_0000n, 0x20_0000_1000n, 0x22_0000_0000n, 0x7fff_ffff_f000n, 2n ** 47n, 2n ** 48n],
  ...[2n ** 53n - 4096n, 2n ** 63n, 0xffff_8000_0000_0000n, 2n ** 64n - 4096n, 2n ** 64n - 1n],
];

const values = [...addresses, 1n, 2n, 8n, 0xffffn, 2n ** 31n, 2n ** 32n - 1n, 2n ** 33n, 2n ** 40n];

function newEdit(random: Random): Edit {
  return {
    kind: random.below(kinds.length),
    which: random.below(32),
    offset: random.below(2 ** 20),
    length: random.below(PAGE),
    value: random.below(3) === 0 ? BigInt(random.below(2 ** 31)) : random.pick(values),
  };
}

/** Damages an input: its changes, one by one, or anywhere. */
export function damageEdits(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (random.below(4) === 0) return mutate(bytes, other, random);
  const { keyed, edits } = parseEdits(bytes);
  const donor = parseEdits(other);
  const changed = [...edits];
  for (let times = 1 + random.below(2); times > 0; times--) {
    const edit = random.below(3) === 0 && donor.edits.length > 0 ? random.pick(donor.edits) : newEdit(random);
    const at = random.below(changed.length + 1);
    changed.splice(at, random.below(2), edit);
  }
  return formatEdits({ keyed: random.below(4) === 0 ? !keyed : keyed, edits: changed.slice(0, MOST_EDITS) });
}
