import { type ArtifactFacts, looksLikeArtifact, type MachineName, show, TwinwallError } from "@twinwall/abi";
import { inspectArtifact } from "@twinwall/compiler/slim";
import { platform } from "#runtime/platform";
import { type ModuleCompiler, processCompiler } from "./process-compiler.js";
import { RecentMap } from "./recent.js";
import { looksLikeWasm } from "./wasm-magic.js";

/** A compiled module, ready to boot. */
export interface LoadedModule {
  readonly facts: ArtifactFacts;
  /** The compiled module, whole: what a `.cwasm` holds. */
  readonly artifact: Uint8Array;
  /** Names module, machine and compiler flags: equal keys are equal code. */
  readonly key: string;
  /** SHA-256 of the WebAssembly module, hexadecimal. */
  readonly moduleHash: string;
  /** Microseconds spent on compiling; 0 when nothing was compiled. */
  readonly compileUs: number;
  /** Whether the code came from a cache, or was given as `.cwasm`. */
  readonly fromCache: boolean;
}

/** What a module is loaded for. */
export interface LoadOptions {
  readonly machine: MachineName;
  /** Whether it must count fuel. */
  readonly fuel: boolean;
  /** Default: one for the process. */
  readonly compiler?: ModuleCompiler | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Compiled code is not shared between trust domains. Default: the module is its own domain. */
  readonly domain?: string | undefined;
}

/** Compiled modules that this process used last. */
const recent = new RecentMap<LoadedModule>(16);

/**
 * Reads a `.cwasm`, or compiles a `.wasm`.
 *
 * @throws TwinwallError `E_BAD_MODULE` for what is neither, is broken, or was compiled for another machine, fuel
 * setting or release; what the compiler throws.
 */
export async function loadModule(bytes: Uint8Array, given: LoadOptions): Promise<LoadedModule> {
  // On the soft machine fuel is what ends a call, so modules always carry it there.
  const options = { ...given, fuel: given.fuel || given.machine === "soft" };
  const key = [
    platform.sha256(bytes),
    options.machine,
    options.fuel ? "fuel" : "",
    options.domain ?? "",
  ].join("/");
  const known = recent.get(key);
  if (known !== undefined) return { ...known, compileUs: 0, fromCache: true };
  const loaded = looksLikeArtifact(bytes)
    ? readCompiled(bytes, key, options)
    : await compile(bytes, key, options);
  recent.set(key, loaded);
  return loaded;
}

function readCompiled(bytes: Uint8Array, key: string, options: LoadOptions): LoadedModule {
  // A copy, which a slice of a Node.js Buffer is not: what is kept here must stay what was checked.
  const artifact = new Uint8Array(bytes);
  const facts = inspectArtifact(artifact);
  checkFlags(facts, options);
  return { facts, artifact, key, moduleHash: hex(facts.moduleHash), compileUs: 0, fromCache: true };
}

async function compile(bytes: Uint8Array, key: string, options: LoadOptions): Promise<LoadedModule> {
  checkWasm(bytes);
  const begin = performance.now();
  const { machine, fuel, signal, domain } = options;
  const compiled = await (options.compiler ?? processCompiler()).compile(bytes, {
    machine,
    fuel,
    ...(signal === undefined ? {} : { signal }),
    ...(domain === undefined ? {} : { domain }),
  });
  const compileUs = Math.round((performance.now() - begin) * 1000);
  if (!(compiled?.bytes instanceof Uint8Array)) {
    throw new TwinwallError(
      "E_OPTION",
      `compiler: it gave ${show(compiled)}, and not { bytes: Uint8Array, … }`,
    );
  }
  const facts = inspectArtifact(compiled.bytes);
  checkFlags(facts, options);
  const { bytes: artifact, fromCache } = compiled;
  return { facts, artifact, key, moduleHash: hex(facts.moduleHash), compileUs, fromCache };
}

/** A compiled module that a snapshot brought along. */
export function moduleOf(facts: ArtifactFacts, artifact: Uint8Array): LoadedModule {
  const moduleHash = hex(facts.moduleHash);
  return { facts, artifact, key: moduleHash, moduleHash, compileUs: 0, fromCache: true };
}

/** Rules out at once what no compiler needs to see. */
function checkWasm(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new TwinwallError("E_BAD_MODULE", "the module is empty");
  if (!looksLikeWasm(bytes)) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      `the module is neither WebAssembly nor a .cwasm: it begins with ${hex(bytes.subarray(0, 4))}, not 0061736d`,
    );
  }
  if (bytes.length < 8) throw new TwinwallError("E_BAD_MODULE", "the module is cut short within its header");
}

/** Compares how a module was compiled with how it is to run, in terms of the flags that made the difference. */
function checkFlags(facts: ArtifactFacts, { machine, fuel }: LoadOptions): void {
  if (facts.machine !== machine) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      `compiled module: it was compiled with --machine ${facts.machine}, but runs on ${machine}; compile it with --machine ${machine}`,
    );
  }
  if (facts.fuel !== fuel) {
    const missing = machine === "soft" ? "machine soft needs it" : "limit fuel is set";
    const reason = facts.fuel
      ? "it was compiled with --fuel, but limit fuel is off; set the limit, or compile it without --fuel"
      : `it was compiled without --fuel, but ${missing}; compile it with --fuel`;
    throw new TwinwallError("E_BAD_MODULE", `compiled module: ${reason}`);
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
