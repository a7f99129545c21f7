import { show, showText, TwinwallError } from "@twinwall/abi";
import { platform } from "#platform";

/** The compiler's WebAssembly module, or where it is. */
export type CompilerWasm =
  /** Contents of the file. */
  | Uint8Array
  | ArrayBuffer
  /** The file, compiled. */
  | WebAssembly.Module
  /** Its address; text is relative to the page, or a whole URL. */
  | URL
  | string
  /** What came from its address. */
  | Response;

/** {@link CompilerWasm} now or later. An address is asked for no sooner than the first module that must be compiled. */
export type CompilerSource = CompilerWasm | PromiseLike<CompilerWasm>;

/**
 * Checks that there is a compiler at all; what it is comes to light later.
 *
 * @throws TwinwallError `E_OPTION`
 */
export function checkSource(source: CompilerSource | null | undefined): CompilerSource {
  if (source !== undefined && source !== null) return source;
  throw new TwinwallError(
    "E_OPTION",
    `wasm: ${show(source)} is no compiler; give the file @twinwall/compiler/compiler.wasm, or its address`,
  );
}

/** The one type by which an answer may be compiled while it arrives. */
const WASM_TYPE = "application/wasm";

/** Exports by which the compiler is told from any other module. */
const EXPORTS = ["compile", "last_words", "outcome_take_artifact"];

/**
 * Gets the compiler and has the engine compile it, while it arrives where possible.
 *
 * @throws TwinwallError `E_NO_FILE` when it cannot be had; `E_OPTION` when it is no compiler, or the page's policy
 * forbids WebAssembly.
 */
export async function loadCompiler(source: CompilerSource): Promise<WebAssembly.Module> {
  const module = await toModule(await settled(source));
  const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  if (EXPORTS.every((name) => names.has(name))) return module;
  throw new TwinwallError("E_OPTION", "wasm: this WebAssembly module is not Twinwall's compiler");
}

async function settled(source: CompilerSource): Promise<CompilerWasm> {
  try {
    return await source;
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function toModule(given: CompilerWasm): Promise<WebAssembly.Module> {
  if (given instanceof WebAssembly.Module) return given;
  if (given instanceof Response) return compileResponse(given);
  if (given instanceof Uint8Array || given instanceof ArrayBuffer) return compileBytes(new Uint8Array(given));
  if (!(given instanceof URL) && typeof given !== "string") {
    throw new TwinwallError(
      "E_OPTION",
      `wasm: ${show(given)} is neither the compiler's file, nor a module, nor an address`,
    );
  }
  const file = await platform.readFile(given).catch((cause: unknown) => {
    throw unavailable(cause);
  });
  return file instanceof Uint8Array ? compileBytes(file) : compileResponse(file);
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) {
    throw unavailable(new Error(`${response.url} was answered with status ${response.status}`));
  }
  // Engines refuse a stream of any other type, and servers that do not know this one are many.
  if (response.headers.get("Content-Type")?.toLowerCase() === WASM_TYPE) {
    return explained(WebAssembly.compileStreaming(response));
  }
  const bytes = await response.arrayBuffer().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  return compileBytes(new Uint8Array(bytes));
}

function compileBytes(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  return explained(WebAssembly.compile(bytes));
}

async function explained(module: Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await module;
  } catch (cause) {
    // A stream that broke off fails here too, but not with an error of WebAssembly's.
    if (!(cause instanceof WebAssembly.CompileError)) throw unavailable(cause);
    const message = `the compiler's WebAssembly module was refused: ${showText(cause.message, 500)}`;
    throw new TwinwallError("E_OPTION", message, { cause });
  }
}

function unavailable(cause: unknown): TwinwallError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TwinwallError("E_NO_FILE", `the compiler could not be loaded: ${showText(reason, 500)}`, {
    cause,
  });
}
