import { showText, TwinwallError } from "@twinwall/abi";
import { platform } from "#platform";
import { type CompilerSource, loadCompiler } from "./compiler-source.js";
import { type Backend, bounded, type Job, outOfMemory, refused, type Task } from "./job.js";
import type { Bounds } from "./options.js";
import type { WorkerEvents, WorkerHandle } from "./platform.js";
import type { DescribeRequest, WorkerReply, WorkerRequest } from "./worker-protocol.js";

/** Ends the wait of a job under way. */
interface Waiting {
  resolve(reply: WorkerReply): void;
  reject(error: unknown): void;
}

/** What WIT says of a world. */
export interface WorldDescription {
  readonly world: Uint8Array<ArrayBuffer>;
  readonly section: Uint8Array<ArrayBuffer>;
}

/** Compiles and reads WIT in a Worker, which starts with the first job and then stays. */
export class WorkerBackend implements Backend {
  #compiler: Promise<WebAssembly.Module> | undefined;
  #worker: WorkerHandle | undefined;
  #waiting: Waiting | undefined;

  /** @param source Where the compiler comes from; an address is not asked for before the first job. */
  constructor(private readonly source: CompilerSource) {
    // A promise that fails matters to the job that needs it, if there is one: until then nobody is to blame.
    Promise.resolve(source).catch(() => undefined);
  }

  async compile(job: Job, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const { module, machine, fuel, bounds } = job;
    const { moduleBytes, artifactBytes, memoryBytes } = bounds;
    const task = "compiling this module";
    const reply = await this.#ask(
      { kind: "compile", module, machine, fuel, moduleBytes, artifactBytes, memoryBytes },
      [module.buffer],
      bounds,
      task,
      signal,
    );
    if (reply.kind === "artifact") return reply.bytes;
    throw failure(reply, bounds, task);
  }

  /**
   * Reads WIT.
   *
   * @throws TwinwallError `E_DEADLINE`, or why it was refused.
   */
  async describe(request: DescribeRequest, bounds: Bounds): Promise<WorldDescription> {
    const task = "reading this WIT";
    const reply = await this.#ask(request, [], bounds, task, undefined);
    if (reply.kind === "description") return { world: reply.world, section: reply.section };
    throw failure(reply, bounds, task);
  }

  async close(): Promise<void> {
    this.#waiting?.reject(new TwinwallError("E_DISPOSED", "the compiler was closed"));
    await this.#stop();
    this.#compiler = undefined;
  }

  async #ask(
    request: WorkerRequest,
    transfer: ArrayBuffer[],
    bounds: Bounds,
    task: Task,
    signal: AbortSignal | undefined,
  ): Promise<WorkerReply> {
    const reply = new Promise<WorkerReply>((resolve, reject) => {
      const waiting: Waiting = { resolve, reject };
      this.#waiting = waiting;
      this.#send(request, transfer, waiting).catch(reject);
    });
    try {
      return await bounded(reply, bounds, signal, () => void this.#stop(), task);
    } finally {
      this.#waiting = undefined;
      this.#worker?.hold(false);
    }
  }

  async #send(request: WorkerRequest, transfer: ArrayBuffer[], waiting: Waiting): Promise<void> {
    const compiler = await this.#load();
    // The compiler may have come too late for this job. It is there for the next.
    if (this.#waiting !== waiting) return;
    this.#worker ??= this.#start(compiler);
    // A job under way keeps the process alive, an idle Worker does not.
    this.#worker.hold(true);
    this.#worker.post(request, transfer);
  }

  /** Loads the compiler once; after a failure, once more with the next job. */
  #load(): Promise<WebAssembly.Module> {
    if (this.#compiler === undefined) {
      const compiler = loadCompiler(this.source);
      this.#compiler = compiler;
      compiler.catch(() => {
        if (this.#compiler === compiler) this.#compiler = undefined;
      });
    }
    return this.#compiler;
  }

  #start(compiler: WebAssembly.Module): WorkerHandle {
    const worker: WorkerHandle = startWorker({
      reply: (reply) => {
        if (this.#worker === worker) this.#waiting?.resolve(reply);
      },
      ended: (error) => this.#ended(worker, error),
    });
    worker.post({ kind: "start", compiler }, []);
    return worker;
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#waiting = undefined;
    await worker?.end();
  }

  /** The Worker is gone: the job under way fails, the next one starts another. */
  #ended(worker: WorkerHandle, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#waiting?.reject(
      new TwinwallError("E_INTERNAL", `the compiler's Worker ended: ${reason(error)}`, { cause: error }),
    );
    // In a browser it may live on after an error.
    void this.#stop();
  }
}

function startWorker(events: WorkerEvents): WorkerHandle {
  try {
    return platform.startWorker(events);
  } catch (cause) {
    const message = `the compiler's Worker cannot be started: ${reason(cause)}`;
    throw new TwinwallError("E_INTERNAL", message, { cause });
  }
}

/**
 * Where the parser reads bytes. It adds lengths to offsets in 32 bits here, and a length near 2^32, whose sum wraps, ends
 * in a panic instead of an error.
 */
const LENGTH_PANIC = /\bwasmparser-[^/]+\/src\/binary_reader\.rs:\d+/;

function failure(reply: WorkerReply, bounds: Bounds, task: Task): TwinwallError {
  switch (reply.kind) {
    case "refused":
      return refused(reply.code, reply.message);
    case "memory":
      return outOfMemory(bounds, task);
    case "stack":
      return new TwinwallError(
        "E_LIMIT",
        `${task} needs more than the compiler's stack: it nests too deeply`,
      );
    case "fault":
      if (LENGTH_PANIC.test(reply.message)) {
        return new TwinwallError("E_BAD_MODULE", "a length in the module reaches past its end");
      }
      return new TwinwallError("E_INTERNAL", `the compiler failed: ${showText(reply.message, 1000)}`);
    case "artifact":
    case "description":
      return new TwinwallError("E_INTERNAL", `${task} gave what was not asked for`);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? showText(error.message, 1000) : "it exited";
}
