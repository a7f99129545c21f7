import { afterAll, beforeAll } from "vitest";
import { Sandbox, type SandboxOptions } from "../../src/index.js";
import { hasMachine } from "./machine.js";

/** Options, with the module made when the machine is there. */
export type LazyOptions = Omit<SandboxOptions, "module"> & { readonly module: () => Uint8Array };

/** One sandbox for the tests of a `describe`, closed behind them. */
export function openSandbox({ module, ...options }: LazyOptions): () => Sandbox {
  let sandbox: Sandbox | undefined;
  beforeAll(async () => {
    if (hasMachine) sandbox = await Sandbox.create({ ...options, module: module() });
  });
  afterAll(() => sandbox?.close());
  return () => {
    if (sandbox === undefined) throw new Error("the sandbox was not made");
    return sandbox;
  };
}
