import { isNullable, type WitType } from "./types.js";

/** Bytes and alignment of a type in memory, as the component model's canonical ABI lays it out. */
export interface Layout {
  readonly size: number;
  readonly align: number;
}

const known = new WeakMap<WitType, Layout>();

/** Layout of a type. */
export function layoutOf(type: WitType): Layout {
  const before = known.get(type);
  if (before !== undefined) return before;
  const layout = compute(type);
  known.set(type, layout);
  return layout;
}

function compute(type: WitType): Layout {
  switch (type.kind) {
    case "bool":
    case "s8":
    case "u8":
      return plain(1);
    case "s16":
    case "u16":
      return plain(2);
    case "s32":
    case "u32":
    case "f32":
    case "char":
    case "own":
    case "borrow":
      return plain(4);
    case "s64":
    case "u64":
    case "f64":
      return plain(8);
    case "string":
    case "list":
      return { size: 8, align: 4 };
    case "record":
      return sequence(type.fields.map((field) => field.type));
    case "tuple":
      return sequence(type.items);
    case "flags": {
      const bytes = flagsBytes(type.names.length);
      return { size: bytes, align: Math.min(bytes, 4) };
    }
    default: {
      const { size, align } = casesLayout(payloadsOf(type));
      return { size, align };
    }
  }
}

function plain(bytes: number): Layout {
  return { size: bytes, align: bytes };
}

/** `position`, or the next multiple of `align`, a power of two. */
export function alignTo(position: number, align: number): number {
  // The low bits of a number beyond 2^31 are right, the rest would not be.
  return position + (-position & (align - 1));
}

/** Layout of values one behind the other, as fields of a record or parameters. */
export function sequence(types: readonly WitType[]): Layout & { readonly offsets: readonly number[] } {
  let [end, align] = [0, 1];
  const offsets = types.map((type) => {
    const layout = layoutOf(type);
    const offset = alignTo(end, layout.align);
    end = offset + layout.size;
    align = Math.max(align, layout.align);
    return offset;
  });
  return { size: alignTo(end, align), align, offsets };
}

/** Bytes that so many flags take. */
export function flagsBytes(count: number): number {
  if (count <= 8) return 1;
  return count <= 16 ? 2 : 4 * Math.ceil(count / 32);
}

/** Payloads of a type with cases, in the order of their discriminants. */
export function payloadsOf(type: WitType): readonly (WitType | undefined)[] {
  switch (type.kind) {
    case "variant":
      return type.cases.map((one) => one.type);
    case "enum":
      return type.cases.map(() => undefined);
    case "option":
      return [undefined, type.value];
    case "result":
      return [type.ok, type.error];
    default:
      return [];
  }
}

/** Layout of a type with cases: the discriminant's bytes, and where payloads start. */
export function casesLayout(
  payloads: readonly (WitType | undefined)[],
): Layout & { readonly discriminant: 1 | 2 | 4; readonly payload: number } {
  const discriminant = payloads.length <= 2 ** 8 ? 1 : payloads.length <= 2 ** 16 ? 2 : 4;
  let [size, align] = [0, 1];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    const layout = layoutOf(payload);
    size = Math.max(size, layout.size);
    align = Math.max(align, layout.align);
  }
  const payload = alignTo(discriminant, align);
  align = Math.max(align, discriminant);
  return { size: alignTo(payload + size, align), align, discriminant, payload };
}

const knownWords = new WeakMap<WitType, number>();

/**
 * Words that a value takes in a JavaScript engine's memory at most, its place in what holds it included: about, and
 * without what it refers to in the image, which the image's length bounds.
 */
export function wordsOf(type: WitType): number {
  const before = knownWords.get(type);
  if (before !== undefined) return before;
  const words = countWords(type);
  knownWords.set(type, words);
  return words;
}

/** Words of an object without its fields, and of an array without its elements. */
const [OBJECT, ARRAY] = [4, 7];

function countWords(type: WitType): number {
  switch (type.kind) {
    case "record":
      return type.fields.reduce((words, field) => words + wordsOf(field.type), OBJECT);
    case "tuple":
      return type.items.reduce((words, item) => words + wordsOf(item), ARRAY);
    case "flags":
      return OBJECT + type.names.length;
    case "list":
      // A typed array has a buffer too.
      return 3 * ARRAY;
    case "variant":
    case "result":
      return OBJECT + 2 + mostWords(type);
    case "option":
      return isNullable(type) ? mostWords(type) : OBJECT + 2 + mostWords(type);
    case "own":
    case "borrow":
      return 4 * OBJECT;
    case "string":
    case "char":
    case "s64":
    case "u64":
      return OBJECT;
    case "u32":
    case "f32":
    case "f64":
      // What is no small integer may be an object of its own.
      return 3;
    default:
      return 1;
  }
}

function mostWords(type: WitType): number {
  return payloadsOf(type).reduce((most, one) => Math.max(most, one === undefined ? 1 : wordsOf(one)), 1);
}
