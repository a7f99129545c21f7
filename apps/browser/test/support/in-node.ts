import { fileURLToPath } from "node:url";
import { type LimitOptions, Sandbox, TwinwallError } from "@twinwall/sandbox";
import { type CallResult, type LimitTexts, readArguments, readLimits, resultText } from "../../src/text.js";

// Compiled modules are kept apart from the user's, and from run to run.
process.env["TWINWALL_CACHE_DIR"] ??= fileURLToPath(new URL("../../.cache/compiled", import.meta.url));

/** What the page should show of a call, or of a module that it refuses. */
export interface Shown {
  readonly result: string;
  readonly error: string;
  readonly backtrace: string;
}

/** The page's limits when nobody changed them. */
export const usualLimits: LimitTexts = { memory: "16MiB", deadline: "1s", fuel: "10000000000" };

/** Makes the same call in Node, on the soft machine. */
export async function callInNode(
  module: Uint8Array,
  name: string,
  input: string,
  limits: Partial<LimitTexts> = {},
): Promise<Shown & { readonly fuel: bigint; readonly memoryBytes: number }> {
  let sandbox: Sandbox | undefined;
  try {
    sandbox = await create(module, readLimits({ ...usualLimits, ...limits }));
    const info = sandbox.functions.find((candidate) => candidate.name === name);
    if (info === undefined) throw new Error(`the module has no function ${name}`);
    const result = info.bytes
      ? await sandbox.callAsync(name, new TextEncoder().encode(input))
      : ((await sandbox.callAsync(name, readArguments(info, input))) as CallResult);
    const { fuel, memoryBytes } = sandbox.stats();
    return { result: resultText(result), error: "", backtrace: "", fuel, memoryBytes };
  } catch (error) {
    return { ...shownError(error), fuel: 0n, memoryBytes: 0 };
  } finally {
    sandbox?.close();
  }
}

/** What Node says of a module that it refuses, and below it the frames of its start. */
export async function refusalInNode(module: Uint8Array, limits: Partial<LimitTexts> = {}): Promise<string> {
  try {
    (await create(module, readLimits({ ...usualLimits, ...limits }))).close();
  } catch (error) {
    const { error: message, backtrace } = shownError(error);
    return `${message}\n${backtrace}`.trim();
  }
  throw new Error("the module was not refused");
}

function create(module: Uint8Array, limits: LimitOptions): Promise<Sandbox> {
  return Sandbox.create({ module, machine: "soft", limits });
}

function shownError(error: unknown): Shown {
  const failure = TwinwallError.from(error);
  return { result: "", error: failure.message, backtrace: failure.formatBacktrace() };
}
