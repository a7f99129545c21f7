/** A resource type. */
export interface WorldResource {
  readonly name: string;
  /** Instance that declares it, with package and version; `undefined` for the world itself. */
  readonly interfaceName: string | undefined;
  /** Whether the host has its representation; else the guest has. */
  readonly imported: boolean;
}

/** WIT types without parts. */
export type PlainKind =
  | "bool"
  | "s8"
  | "u8"
  | "s16"
  | "u16"
  | "s32"
  | "u32"
  | "s64"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

/** A handle of a resource. */
export interface HandleType {
  readonly kind: "own" | "borrow";
  readonly resource: WorldResource;
}

/** A type of WIT, as data. Names are in kebab-case, as in WIT. */
export type WitType =
  | { readonly kind: PlainKind }
  | { readonly kind: "list"; readonly element: WitType }
  | { readonly kind: "option"; readonly value: WitType }
  | { readonly kind: "result"; readonly ok: WitType | undefined; readonly error: WitType | undefined }
  | { readonly kind: "tuple"; readonly items: readonly WitType[] }
  | { readonly kind: "record"; readonly name?: string; readonly fields: readonly WitField[] }
  | { readonly kind: "variant"; readonly name?: string; readonly cases: readonly WitCase[] }
  | { readonly kind: "enum"; readonly name?: string; readonly cases: readonly string[] }
  | { readonly kind: "flags"; readonly name?: string; readonly names: readonly string[] }
  | HandleType;

/** A field of a record, or a parameter. */
export interface WitField {
  readonly name: string;
  readonly type: WitType;
}

/** A case of a variant. */
export interface WitCase {
  readonly name: string;
  readonly type: WitType | undefined;
}

/** A function of a world. */
export interface WorldFunction {
  /** `f`, `[constructor]r`, `[method]r.f` or `[static]r.f`. */
  readonly name: string;
  /** Instance that it belongs to, with package and version; `undefined` for the world itself. */
  readonly interfaceName: string | undefined;
  readonly parameters: readonly WitField[];
  readonly result: WitType | undefined;
  readonly docs?: string;
}

/** What a component needs and offers. */
export interface World {
  /** `package:name/world@version`, or `root` where the component does not say. */
  readonly name: string | undefined;
  readonly resources: readonly WorldResource[];
  readonly imports: readonly WorldFunction[];
  /** A request names an export by its position here. */
  readonly exports: readonly WorldFunction[];
}

/** Longest text of a type, characters: types may be nested, and one part may be many others' part. */
const SHOWN = 300;

/** Shows a type as WIT writes it: named types by their name, the others in full, what is too long cut. */
export function showType(type: WitType): string {
  return show(type, SHOWN);
}

/** Shows in about `room` characters: each part writes at least one, so there is an end. */
function show(type: WitType, room: number): string {
  if (room <= 0) return "…";
  switch (type.kind) {
    case "list":
      return `list<${show(type.element, room - 6)}>`;
    case "option":
      return `option<${show(type.value, room - 8)}>`;
    case "result":
      return showResult(type.ok, type.error, room);
    case "tuple":
      return `tuple<${showAll(type.items, room - 7)}>`;
    case "record":
    case "variant":
    case "enum":
    case "flags":
      return type.name ?? type.kind;
    case "own":
      return type.resource.name;
    case "borrow":
      return `borrow<${type.resource.name}>`;
    default:
      return type.kind;
  }
}

function showAll(types: readonly WitType[], room: number): string {
  let text = "";
  for (const type of types) {
    if (text.length > room) return `${text}, …`;
    if (text !== "") text += ", ";
    text += show(type, room - text.length);
  }
  return text;
}

function showResult(ok: WitType | undefined, error: WitType | undefined, room: number): string {
  const first = ok === undefined ? "_" : show(ok, room - 8);
  if (error === undefined) return ok === undefined ? "result" : `result<${first}>`;
  return `result<${first}, ${show(error, room - 10 - first.length)}>`;
}

/** Whether `undefined` stands for the absent value of an option: not where the value itself may be `undefined`. */
export function isNullable(type: WitType): boolean {
  return type.kind === "option" && !isNullable(type.value);
}
