import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCompiler } from "@twinwall/compiler";
import type { ConnectionOptions } from "@twinwall/envoy";
import { hostProblem } from "@twinwall/vmm-kvm";
import type { Chain, GuestKind, Part, PathName } from "./paths.js";
import { pathOf } from "./paths.js";
import { places } from "./places.js";

/** Of each call. Nothing here hangs, and a computer that is busy with something else must not look like a guest that does. */
export const DEADLINE = "5s";

/** Files that paths are made of. Those of a part that is missing need not exist. */
export interface Ingredients {
  readonly v8Plugin: string;
  /** The dynamic module. */
  readonly module: string;
  /** The guest as it was built, for the service. */
  readonly guest: string;
  /** The guest, compiled for KVM. */
  readonly compiledGuest: string;
  /** The guest without WebAssembly. */
  readonly nativeGuest: string;
}

/** Why parts are missing; those that are there are not in it. */
export function missingParts(): ReadonlyMap<Part, string> {
  const kvm = hostProblem();
  const problems: readonly (readonly [Part, string | undefined])[] = [
    ["v8 plugin", absent(places.v8Plugin)],
    ["module", absent(places.module)],
    ["kvm", kvm === undefined ? undefined : `no KVM: ${kvm}`],
    ["guest", absent(places.guest)],
    ["native guest", absent(places.nativeGuest)],
  ];
  return new Map(problems.flatMap(([part, problem]) => (problem === undefined ? [] : [[part, problem]])));
}

function absent(file: string): string | undefined {
  return existsSync(file) ? undefined : `${file} is not built`;
}

/** Why a path cannot be measured here; `undefined` where it can. */
export function pathProblem(name: PathName, missing: ReadonlyMap<Part, string>): string | undefined {
  const lacking = pathOf(name).needs.find((part) => missing.has(part));
  return lacking === undefined ? undefined : missing.get(lacking);
}

/** Compiles the guest into `folder`, where there is one. */
export async function prepareIngredients(folder: string): Promise<Ingredients> {
  const compiledGuest = join(folder, "envoy-echo.cwasm");
  if (existsSync(places.guest)) writeFileSync(compiledGuest, await compileGuest());
  return {
    v8Plugin: places.v8Plugin,
    module: places.module,
    guest: places.guest,
    compiledGuest,
    nativeGuest: places.nativeGuest,
  };
}

/** The guest's bytes, as they were built. */
export function readGuest(): Uint8Array {
  return new Uint8Array(readFileSync(places.guest));
}

async function compileGuest(): Promise<Uint8Array> {
  const compiler = createCompiler();
  try {
    return (await compiler.compile(readGuest(), { machine: "kvm", fuel: false })).bytes;
  } finally {
    await compiler.close();
  }
}

/** The options of a path's filter or service, with the guest's file in them. */
export function connectionOptions(
  { kind, guest, options }: Extract<Chain, { options: ConnectionOptions }>,
  ingredients: Ingredients,
): ConnectionOptions {
  if (guest === "none") return options;
  return { ...options, limits: { deadline: DEADLINE }, module: guestFile(guest, kind, ingredients) };
}

function guestFile(guest: Exclude<GuestKind, "none">, kind: Chain["kind"], ingredients: Ingredients): string {
  if (guest === "native") return ingredients.nativeGuest;
  return kind === "ext_proc" ? ingredients.guest : ingredients.compiledGuest;
}
