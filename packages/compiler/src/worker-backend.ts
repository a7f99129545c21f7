import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { showText, TwinwallError } from "@twinwall/abi";
import { packageFile } from "./files.js";
import { type Backend, bounded, type Job, outOfMemory, refused } from "./job.js";
import type { Bounds } from "./options.js";
import type { WorkerReply, WorkerRequest, WorkerStart } from "./worker-protocol.js";

/** What the Worker's JavaScript may hold besides the compiler's own memory: a module and an artifact on their way. */
const HEAP_MEBIBYTES = 256;

/** Compiles in a Worker, which starts with the first job and then stays. */
export class WorkerBackend implements Backend {
  #worker: Worker | undefined;
  #fail: ((error: TwinwallError) => void) | undefined;

  async compile(job: Job, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const worker = this.#start();
    // A job under way keeps the process alive, an idle Worker does not.
    worker.ref();
    try {
      const reply = await bounded(this.#ask(worker, job), job.bounds, signal, () => void this.#stop());
      return unpack(reply, job.bounds);
    } finally {
      worker.unref();
    }
  }

  async close(): Promise<void> {
    this.#fail?.(new TwinwallError("E_DISPOSED", "the compiler was closed"));
    await this.#stop();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const start: WorkerStart = {
      glue: pathToFileURL(packageFile("artifacts/compiler.js")).href,
      wasm: packageFile("artifacts/compiler_bg.wasm"),
    };
    const worker = new Worker(packageFile("dist/worker.js"), {
      workerData: start,
      // Nothing of the caller's process is the compiler's business.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
    });
    worker.on("error", (error) => this.#ended(worker, error));
    worker.on("exit", () => this.#ended(worker, undefined));
    this.#worker = worker;
    return worker;
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** The Worker is gone: the job under way fails, the next one starts another. */
  #ended(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#fail?.(
      new TwinwallError("E_INTERNAL", `the compiler's Worker ended: ${reason(error)}`, { cause: error }),
    );
  }

  async #ask(worker: Worker, job: Job): Promise<WorkerReply> {
    const request: WorkerRequest = {
      module: job.module,
      machine: job.machine,
      fuel: job.fuel,
      moduleBytes: job.bounds.moduleBytes,
      artifactBytes: job.bounds.artifactBytes,
      memoryBytes: job.bounds.memoryBytes,
    };
    try {
      return await new Promise<WorkerReply>((resolve, reject) => {
        this.#fail = reject;
        worker.once("message", resolve);
        worker.postMessage(request, [request.module.buffer]);
      });
    } finally {
      this.#fail = undefined;
    }
  }
}

function unpack(reply: WorkerReply, bounds: Bounds): Uint8Array<ArrayBuffer> {
  switch (reply.kind) {
    case "artifact":
      return reply.bytes;
    case "refused":
      throw refused(reply.code, reply.message);
    case "memory":
      throw outOfMemory(bounds);
    case "stack":
      throw new TwinwallError("E_LIMIT", "the module nests too deeply for the compiler's stack");
    case "fault":
      throw new TwinwallError("E_INTERNAL", `the compiler failed: ${showText(reply.message, 1000)}`);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? showText(error.message, 1000) : "it exited";
}
