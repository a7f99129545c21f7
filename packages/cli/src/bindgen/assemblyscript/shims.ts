import { layoutOf, sequenceLayout, type WitType } from "@twinwall/abi";
import { type CoreType, flatten, MOST_FLAT_PARAMETERS } from "./flat.js";
import type { Values } from "./values.js";

/** A value and its type. */
export interface Typed {
  readonly text: string;
  readonly type: WitType;
}

/** Where a result is, as seen by the component model: a core value, memory, or nowhere. */
export function coreResult(result: WitType | undefined): CoreType | "memory" | "void" {
  if (result === undefined) return "void";
  const flat = flatten(result);
  return flat.length === 1 ? (flat[0] ?? "void") : "memory";
}

/** Core types of a function's parameters; one pointer when there are too many. */
export function coreParameters(types: readonly WitType[]): readonly CoreType[] {
  const flat = types.flatMap(flatten);
  return flat.length <= MOST_FLAT_PARAMETERS ? flat : ["i32"];
}

function areInMemory(types: readonly WitType[]): boolean {
  return types.flatMap(flatten).length > MOST_FLAT_PARAMETERS;
}

/** Writes values for the component model: `before` runs first, `core` are the core values then. */
export function lowerAll(
  values: Values,
  typed: readonly Typed[],
): { readonly before: readonly string[]; readonly core: readonly string[] } {
  const types = typed.map(({ type }) => type);
  if (areInMemory(types)) {
    const { size, align, offsets } = sequenceLayout(types);
    const stores = typed.map(({ text, type }, index) =>
      values.store(type, "area$", offsets[index] ?? 0, text),
    );
    return { before: [`const area$ = canonical.allocate(${size}, ${align});`, ...stores], core: ["area$"] };
  }
  const before: string[] = [];
  const core: string[] = [];
  for (const { text, type } of typed) {
    const scalar = values.scalar(type);
    const flat = flatten(type);
    if (scalar !== undefined && flat[0] !== undefined) {
      core.push(`<${flat[0]}>(${scalar.write(text)})`);
      continue;
    }
    const slot = core.length;
    before.push(values.lower(type, "canonical.slots", slot, text));
    core.push(...flat.map((one, index) => loadSlot(one, slot + index)));
  }
  return { before, core };
}

/** Reads values from core values: `before` puts them where the expressions `texts` find them. */
export function liftAll(
  values: Values,
  types: readonly WitType[],
  core: readonly string[],
): { readonly before: readonly string[]; readonly texts: readonly string[] } {
  if (areInMemory(types)) {
    const { offsets } = sequenceLayout(types);
    const at = core[0] ?? "";
    return {
      before: [],
      texts: types.map((type, index) => values.load(type, at, offsets[index] ?? 0)),
    };
  }
  const before: string[] = [];
  let next = 0;
  const texts = types.map((type) => {
    const slot = next;
    const flat = flatten(type);
    next += flat.length;
    const scalar = values.scalar(type);
    if (scalar !== undefined) return scalar.read(core[slot] ?? "");
    if (type.kind === "string") return `canonical.textAt(${core[slot]}, ${core[slot + 1]})`;
    if (type.kind === "list") return values.listAt(type, core[slot] ?? "", core[slot + 1] ?? "");
    before.push(...flat.map((one, index) => storeSlot(one, slot + index, core[slot + index] ?? "")));
    return values.lift(type, "canonical.slots", slot);
  });
  return { before, texts };
}

/** Bytes and alignment that a result in memory takes, as arguments of `allocate`. */
export function areaOf(result: WitType): string {
  const { size, align } = layoutOf(result);
  return `${size}, ${align}`;
}

/** An expression that reads a core value from a slot. */
function loadSlot(core: CoreType, slot: number): string {
  return `load<${core}>(canonical.slots, ${8 * slot})`;
}

/** A statement that puts a core value into a slot. */
function storeSlot(core: CoreType, slot: number, value: string): string {
  return `store<${core}>(canonical.slots, ${value}, ${8 * slot});`;
}
