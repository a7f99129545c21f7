import { ARTIFACT_FORMAT, type MachineName, machineNameOf } from "./constants.js";
import { TwinwallError } from "./error.js";
import { BadTable, FlatTable } from "./flat-table.js";
import { ExternKind } from "./generated/twinwall/abi/extern-kind.js";
import { type CoreType, coreTypeOf } from "./values.js";
import type { World } from "./wit/types.js";
import { readWorld } from "./wit/world.js";

/** What an import or export is. */
export type ExternName = "function" | "memory" | "table" | "global" | "tag";

/** Something that a module exports. */
export interface ModuleExport {
  readonly name: string;
  readonly kind: ExternName;
  /** Of a function; else empty. */
  readonly parameters: readonly CoreType[];
  /** Of a function; else empty. */
  readonly results: readonly CoreType[];
}

/** Something that a module imports. */
export interface ModuleImport extends ModuleExport {
  readonly module: string;
}

/** A compiled module, read from `.cwasm`. */
export interface ArtifactFacts {
  readonly machine: MachineName;
  /** Whether it counts fuel. */
  readonly fuel: boolean;
  /** Release and flags of the compiler. */
  readonly compiler: string;
  /** SHA-256 of the WebAssembly module, 32 bytes. */
  readonly moduleHash: Uint8Array;
  /** In the module's order: a function's index here is its number in requests. */
  readonly exports: readonly ModuleExport[];
  readonly imports: readonly ModuleImport[];
  /** Bytes of all memories at instantiation. */
  readonly initialMemory: bigint;
  /** Number of linear memories. */
  readonly memories: number;
  /** Of a component: what it needs and offers. The lists above are empty then. */
  readonly world: World | undefined;
  /** The machine's code, a view of the file's bytes. */
  readonly code: Uint8Array;
}

// Positions of the fields in schema/artifact.fbs.
const artifactSlot = {
  format: 0,
  machine: 1,
  fuel: 2,
  compiler: 3,
  moduleHash: 4,
  exports: 5,
  imports: 6,
  initialMemory: 7,
  code: 8,
  memories: 9,
  world: 10,
} as const;
const exportSlot = { name: 0, kind: 1, parameters: 2, results: 3 } as const;
const importSlot = { module: 0, name: 1, kind: 2, parameters: 3, results: 4 } as const;

const externNames = new Map<number, ExternName>([
  [ExternKind.Function, "function"],
  [ExternKind.Memory, "memory"],
  [ExternKind.Table, "table"],
  [ExternKind.Global, "global"],
  [ExternKind.Tag, "tag"],
]);

/** Four characters at byte 4 of a `.cwasm`. */
const IDENTIFIER = "TWAR";

/** Tells whether `bytes` begin like a `.cwasm`. */
export function looksLikeArtifact(bytes: Uint8Array): boolean {
  return FlatTable.identifier(bytes) === IDENTIFIER;
}

/**
 * Reads a compiled module; every offset in it is checked.
 *
 * @throws TwinwallError `E_BAD_MODULE` for what is foreign, of another format, cut short or corrupted, naming it.
 */
export function decodeArtifact(bytes: Uint8Array): ArtifactFacts {
  if (!looksLikeArtifact(bytes)) throw bad("it is no .cwasm (its mark is missing)");
  try {
    return readArtifact(FlatTable.root(bytes));
  } catch (error) {
    if (error instanceof BadTable) throw bad(`it is cut short or corrupted: ${error.message}`);
    throw error;
  }
}

function readArtifact(table: FlatTable): ArtifactFacts {
  const format = table.number(artifactSlot.format);
  if (format !== ARTIFACT_FORMAT) {
    throw bad(`its format is ${format}, this release reads ${ARTIFACT_FORMAT}; compile it again`);
  }
  const machine = machineNameOf(table.byte(artifactSlot.machine));
  if (machine === undefined) throw bad("its machine is unknown");
  const moduleHash = need(table.byteVector(artifactSlot.moduleHash), "module hash");
  if (moduleHash.length !== 32) throw bad(`its module hash has ${moduleHash.length} bytes, not 32`);
  const code = need(table.byteVector(artifactSlot.code), "code");
  if (code.length === 0) throw bad("its code is empty");
  return {
    machine,
    fuel: table.byte(artifactSlot.fuel) !== 0,
    compiler: need(table.text(artifactSlot.compiler), "compiler"),
    moduleHash,
    exports: table.tables(artifactSlot.exports).map(readExport),
    imports: table.tables(artifactSlot.imports).map(readImport),
    initialMemory: table.long(artifactSlot.initialMemory),
    memories: table.number(artifactSlot.memories),
    world: readOptionalWorld(table),
    code,
  };
}

function readOptionalWorld(table: FlatTable): World | undefined {
  const world = table.table(artifactSlot.world);
  return world && readWorld(world);
}

function readExport(table: FlatTable): ModuleExport {
  return {
    name: need(table.text(exportSlot.name), "name of an export"),
    kind: externName(table.byte(exportSlot.kind)),
    parameters: types(table.byteVector(exportSlot.parameters)),
    results: types(table.byteVector(exportSlot.results)),
  };
}

function readImport(table: FlatTable): ModuleImport {
  return {
    module: need(table.text(importSlot.module), "module of an import"),
    name: need(table.text(importSlot.name), "name of an import"),
    kind: externName(table.byte(importSlot.kind)),
    parameters: types(table.byteVector(importSlot.parameters)),
    results: types(table.byteVector(importSlot.results)),
  };
}

function externName(number: number): ExternName {
  return need(externNames.get(number), `kind ${number} of an import or export`);
}

function types(bytes: Uint8Array | undefined): readonly CoreType[] {
  return bytes === undefined ? [] : Array.from(bytes, coreTypeOf);
}

function need<Value>(value: Value | undefined, piece: string): Value {
  if (value === undefined) throw bad(`it is corrupted: ${piece} is missing or unknown`);
  return value;
}

function bad(reason: string): TwinwallError {
  return new TwinwallError("E_BAD_MODULE", `compiled module: ${reason}`);
}
