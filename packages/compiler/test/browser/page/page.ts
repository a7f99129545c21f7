/**
 * A page that uses the package as any page would. Its tests reach it through `globalThis.twinwall`.
 *
 * @module
 */

import { createCompiler, inspectArtifact } from "@twinwall/compiler";
import wasmUrl from "@twinwall/compiler/compiler.wasm?url";
import { createCompiler as createSlimCompiler } from "@twinwall/compiler/slim";
import { type Outcome, outcomeOf } from "./outcome.js";

/** Compiles in a Worker of the page's own, whose compiler starts another. */
function compileInWorker(module: Uint8Array): Promise<Outcome> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve) => {
    worker.addEventListener("message", ({ data }) => {
      worker.terminate();
      resolve(data);
    });
    worker.postMessage(module);
  });
}

const exposed = {
  createCompiler,
  createSlimCompiler,
  inspectArtifact,
  wasmUrl,
  outcomeOf,
  compileInWorker,
};

declare global {
  var twinwall: typeof exposed;
}

globalThis.twinwall = exposed;
