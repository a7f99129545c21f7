import { looksLikeArtifact } from "@twinwall/abi";
import { type ArtifactFacts, createCompiler, inspectArtifact } from "@twinwall/compiler";
import { readNamedFile } from "../files.js";
import { describeModule, describeWorld, type ModuleFacts } from "../module-facts.js";
import { formatModule } from "../module-text.js";
import { writeLine } from "../streams.js";

/** Options of `twinwall inspect`. */
export interface InspectFlags {
  readonly json?: boolean;
}

/** A module as `inspect` shows it. */
export interface Inspection extends ModuleFacts {
  readonly format: "wasm" | "cwasm";
  /** Bytes of the file. */
  readonly bytes: number;
  /** SHA-256 of the WebAssembly module, hexadecimal. */
  readonly moduleHash: string;
  /** Bytes of all memories at the start. */
  readonly initialMemory: number;
  /** What a `.cwasm` was compiled for and by; `null` for a `.wasm`. */
  readonly compiled: { readonly machine: string; readonly fuel: boolean; readonly compiler: string } | null;
}

/** Shows what a module is for Twinwall and returns the exit status of the process. */
export async function inspect(path: string, flags: InspectFlags): Promise<number> {
  const inspection = await inspectBytes(await readNamedFile(path));
  writeLine(1, flags.json ? JSON.stringify(inspection) : formatModule(path, inspection));
  return 0;
}

async function inspectBytes(bytes: Uint8Array): Promise<Inspection> {
  const compiled = looksLikeArtifact(bytes);
  const facts = compiled ? inspectArtifact(bytes) : await compileToInspect(bytes);
  const { machine, fuel, compiler } = facts;
  return {
    format: compiled ? "cwasm" : "wasm",
    bytes: bytes.length,
    moduleHash: Buffer.from(facts.moduleHash).toString("hex"),
    initialMemory: Number(facts.initialMemory),
    compiled: compiled ? { machine, fuel, compiler } : null,
    ...(facts.world === undefined
      ? describeModule(facts.exports, facts.imports)
      : describeWorld(facts.world)),
  };
}

/** The compiler is the one place that reads modules; what it refuses could not run either. */
async function compileToInspect(module: Uint8Array): Promise<ArtifactFacts> {
  const compiler = createCompiler();
  try {
    const { bytes } = await compiler.compile(module, { machine: "kvm", fuel: false });
    return inspectArtifact(bytes);
  } finally {
    await compiler.close();
  }
}
