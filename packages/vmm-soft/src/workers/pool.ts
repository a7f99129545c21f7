import { errorNumbers, showText } from "@twinwall/abi";
import type { AsyncHostCallHandler, Failure, RecordHandler } from "@twinwall/vmm";
import { platform } from "#vmm-soft/platform";
import type { WorkerHandle } from "../platform.js";
import type { SnapshotParts } from "../snapshot.js";
import { AnswerWriter, makeChannel } from "./channel.js";
import type { Job, Outcome, ToMain } from "./protocol.js";

/** Longest time that a Worker may take to load and to get a job's guest ready, milliseconds. */
const LONGEST_START = 60_000;

/** Who serves a job's guest, on this side. */
export interface JobHost {
  readonly hostCall: AsyncHostCallHandler;
  readonly record: RecordHandler;
}

/** What is left of a job whose Worker is gone. */
export type Ended = Pick<Outcome, "failure">;

/** A job that waits or runs. */
interface Ticket {
  readonly id: number;
  readonly parts: SnapshotParts;
  readonly job: Job;
  readonly host: JobHost;
  /** Milliseconds from its start; `undefined`: none. */
  readonly deadline: number | undefined;
  readonly resolve: (outcome: Outcome | Ended) => void;
  worker: PooledWorker | undefined;
  settled: boolean;
}

/** A job on its way, for whoever asked for it. */
export interface RunningJob {
  readonly outcome: Promise<Outcome | Ended>;
  /** Ends it with this error code. */
  end(code: number): void;
}

/** Workers that run calls: as many as are needed, up to a number of them; a Worker that died is replaced by need. */
class WorkerPool {
  readonly #idle: PooledWorker[] = [];
  readonly #all = new Set<PooledWorker>();
  readonly #waiting: Ticket[] = [];

  /** Runs a job on a Worker, when one is free. */
  run(
    snapshot: { readonly id: number; readonly parts: SnapshotParts },
    job: Job,
    host: JobHost,
    deadline: number | undefined,
  ): RunningJob {
    let ticket: Ticket | undefined;
    const outcome = new Promise<Outcome | Ended>((resolve) => {
      ticket = { ...snapshot, job, host, deadline, resolve, worker: undefined, settled: false };
    });
    if (ticket !== undefined) this.#start(ticket);
    return { outcome, end: (code) => ticket && this.#end(ticket, code) };
  }

  /** Frees what Workers keep of a snapshot. */
  forget(id: number): void {
    for (const worker of this.#all) worker.forget(id);
  }

  #start(ticket: Ticket): void {
    const worker = this.#idle.pop() ?? this.#hire();
    if (worker === undefined) this.#waiting.push(ticket);
    else worker.take(ticket);
  }

  #hire(): PooledWorker | undefined {
    if (this.#all.size >= platform.workers) return undefined;
    const worker = new PooledWorker(
      () => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#idle.push(worker);
        else worker.take(next);
      },
      () => this.#dismiss(worker),
    );
    this.#all.add(worker);
    return worker;
  }

  /** A Worker is gone; whoever waits gets another. */
  #dismiss(worker: PooledWorker): void {
    if (!this.#all.delete(worker)) return;
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#start(next);
  }

  #end(ticket: Ticket, code: number): void {
    if (ticket.settled) return;
    if (ticket.worker !== undefined) {
      ticket.worker.kill({ code, detail: 0, message: "", backtrace: "" });
      return;
    }
    const index = this.#waiting.indexOf(ticket);
    if (index >= 0) this.#waiting.splice(index, 1);
    settle(ticket, { failure: { code, detail: 0, message: "", backtrace: "" } });
  }
}

/** One Worker, and the job that it runs. */
class PooledWorker {
  readonly #handle: WorkerHandle;
  readonly #answers: AnswerWriter | undefined;
  readonly #known = new Set<number>();
  #ticket: Ticket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gone = false;

  constructor(
    private readonly onIdle: () => void,
    private readonly onGone: () => void,
  ) {
    this.#handle = platform.startWorker({
      message: (message) => this.#receive(message),
      ended: (error) => this.kill(died(error)),
    });
    const channel = makeChannel();
    if (channel === undefined) return;
    this.#answers = new AnswerWriter(channel);
    this.#handle.post({ what: "channel", buffer: channel }, []);
  }

  take(ticket: Ticket): void {
    this.#ticket = ticket;
    ticket.worker = this;
    this.#handle.hold(true);
    if (!this.#known.has(ticket.id)) {
      this.#known.add(ticket.id);
      this.#handle.post({ what: "snapshot", id: ticket.id, parts: ticket.parts }, []);
    }
    this.#handle.post({ what: "job", snapshot: ticket.id, job: ticket.job }, []);
    this.#timer = setTimeout(() => this.kill(died(new Error("it did not start"))), LONGEST_START);
  }

  /** The guest runs now: its time begins. */
  #started({ deadline }: Ticket): void {
    clearTimeout(this.#timer);
    const late = { code: errorNumbers.E_DEADLINE, detail: 0, message: "", backtrace: "" };
    if (deadline !== undefined) this.#timer = setTimeout(() => this.kill(late), deadline);
  }

  forget(id: number): void {
    if (this.#known.delete(id)) this.#handle.post({ what: "forget", id }, []);
  }

  /** Ends the Worker, and with it the job that it runs. */
  kill(failure: Failure): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#handle.end();
    this.#handle.hold(false);
    this.onGone();
    if (this.#ticket !== undefined) settle(this.#ticket, { failure });
  }

  #receive(message: ToMain): void {
    const ticket = this.#ticket;
    // A message that was under way when the Worker was ended.
    if (ticket === undefined || this.#gone) return;
    switch (message.what) {
      case "started":
        this.#started(ticket);
        return;
      case "host":
        void this.#serve(ticket, message.hostFunction, message.input);
        return;
      case "more":
        this.#answers?.next();
        return;
      case "record":
        ticket.host.record(message.kind, message.hostFunction, message.data);
        return;
      case "done":
        clearTimeout(this.#timer);
        this.#ticket = undefined;
        this.#handle.hold(false);
        this.onIdle();
        settle(ticket, message.outcome);
        return;
    }
  }

  async #serve(ticket: Ticket, hostFunction: number, input: Uint8Array): Promise<void> {
    const result = await answerOf(ticket.host.hostCall, hostFunction, input);
    // The call may have been ended while the function ran, and the Worker have another one.
    if (this.#ticket === ticket && !this.#gone) this.#answers?.write(result);
  }
}

/** A handler neither throws nor rejects; one that does is the driver's own mistake, which must not lose the call. */
async function answerOf(
  hostCall: AsyncHostCallHandler,
  hostFunction: number,
  input: Uint8Array,
): Promise<Uint8Array | number> {
  try {
    return await hostCall(hostFunction, input);
  } catch {
    return -errorNumbers.E_HOST_FUNCTION;
  }
}

function settle(ticket: Ticket, outcome: Outcome | Ended): void {
  if (ticket.settled) return;
  ticket.settled = true;
  ticket.resolve(outcome);
}

function died(error: unknown): Failure {
  const reason = error instanceof Error ? showText(error.message, 1000) : "it exited";
  const message = `the Worker of the call ended: ${reason}`;
  return { code: errorNumbers.E_INTERNAL, detail: 0, message, backtrace: "" };
}

/** The Workers of this thread. */
export const workerPool = new WorkerPool();

/** Whether an outcome is whole: its Worker told it. */
export function isWhole(outcome: Outcome | Ended): outcome is Outcome {
  return "stats" in outcome;
}
