import { decodeRecords, errorNumbers, showText } from "@twinwall/abi";
import type { AsyncHostCallHandler, Failure } from "@twinwall/vmm";
import { platform } from "#vmm-soft/platform";
import type { OutboxHandler } from "../exchange.js";
import type { WorkerHandle } from "../platform.js";
import type { SnapshotParts } from "../snapshot.js";
import { AnswerWriter, makeChannel } from "./channel.js";
import type { Job, Outcome, ToMain } from "./protocol.js";

/** Longest time that a Worker may take to load and to get a job's guest ready, milliseconds. */
const LONGEST_START = 60_000;

/** How long a host function may take before its Worker counts as waiting, milliseconds. */
const PATIENCE = 10;

/** Most Workers, waiting ones included. */
const MOST_WORKERS = 64;

const noFailure: Failure = { code: 0, detail: 0, message: "", backtrace: "" };

/** Who serves a job's guest, on this side. */
export interface JobHost {
  readonly hostCall: AsyncHostCallHandler;
  readonly outbox: OutboxHandler;
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

/**
 * Workers that run calls: as many as there are processors, not counting those whose guests wait for a host function, for
 * such a function may itself wait for a call. A Worker that died is replaced by need.
 */
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
      this.#waiting.push(ticket);
    });
    this.#next();
    return { outcome, end: (code) => ticket && this.#end(ticket, code) };
  }

  /** Frees what Workers keep of a snapshot. */
  forget(id: number): void {
    for (const worker of this.#all) worker.forget(id);
  }

  /** Starts what waits, as far as it may run now. */
  #next(): void {
    while (this.#mayStart()) {
      const ticket = this.#waiting.shift();
      if (ticket === undefined) return;
      try {
        (this.#idle.pop() ?? this.#hire()).take(ticket);
      } catch (error) {
        settle(ticket, { failure: noWorker(error) });
      }
    }
  }

  #mayStart(): boolean {
    if (this.#waiting.length === 0) return false;
    if (this.#idle.length === 0 && this.#all.size >= MOST_WORKERS) return false;
    let busy = 0;
    for (const worker of this.#all) if (worker.isBusy) busy += 1;
    return busy < platform.workers;
  }

  #hire(): PooledWorker {
    const worker: PooledWorker = new PooledWorker({
      idle: () => this.#rest(worker),
      waits: () => this.#next(),
      gone: () => this.#dismiss(worker),
    });
    this.#all.add(worker);
    return worker;
  }

  /** A Worker is done; one that is more than there are processors goes. */
  #rest(worker: PooledWorker): void {
    this.#idle.push(worker);
    this.#next();
    if (this.#idle.length > platform.workers) this.#idle[0]?.kill(noFailure);
  }

  /** A Worker is gone; whoever waits gets another. */
  #dismiss(worker: PooledWorker): void {
    this.#all.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#next();
  }

  #end(ticket: Ticket, code: number): void {
    if (ticket.settled) return;
    const failure = { ...noFailure, code };
    if (ticket.worker !== undefined) {
      ticket.worker.kill(failure);
      return;
    }
    const index = this.#waiting.indexOf(ticket);
    if (index >= 0) this.#waiting.splice(index, 1);
    settle(ticket, { failure });
  }
}

/** What a Worker's state means for the others. */
interface WorkerStates {
  idle(): void;
  /** Its guest waits for a host function that takes its time. */
  waits(): void;
  gone(): void;
}

/** One Worker, and the job that it runs. */
class PooledWorker {
  readonly #handle: WorkerHandle;
  readonly #answers: AnswerWriter | undefined;
  readonly #known = new Set<number>();
  #ticket: Ticket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gone = false;
  #waits = false;

  constructor(private readonly states: WorkerStates) {
    this.#handle = platform.startWorker({
      message: (message) => this.#receive(message),
      ended: (error) => this.kill(died(error)),
    });
    const channel = makeChannel();
    this.#answers = channel && new AnswerWriter(channel);
    this.#handle.post({ what: "start", channel, timeOrigin: performance.timeOrigin }, []);
  }

  /** Whether its guest runs. */
  get isBusy(): boolean {
    return this.#ticket !== undefined && !this.#waits;
  }

  take(ticket: Ticket): void {
    this.#ticket = ticket;
    ticket.worker = this;
    this.#handle.hold(true);
    this.#timer = setTimeout(() => this.kill(died(new Error("it did not start"))), LONGEST_START);
    try {
      this.#send(ticket);
    } catch (error) {
      this.kill(died(error));
    }
  }

  #send(ticket: Ticket): void {
    if (!this.#known.has(ticket.id)) {
      this.#known.add(ticket.id);
      this.#handle.post({ what: "snapshot", id: ticket.id, parts: ticket.parts }, []);
    }
    this.#handle.post({ what: "job", snapshot: ticket.id, job: ticket.job }, []);
  }

  /** The guest runs now: its time begins. */
  #started({ deadline }: Ticket): void {
    clearTimeout(this.#timer);
    const late = { ...noFailure, code: errorNumbers.E_DEADLINE };
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
    if (this.#ticket !== undefined) settle(this.#ticket, { failure });
    this.states.gone();
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
      case "outbox":
        ticket.host.outbox(decodeRecords(message.bytes), message.bytes);
        return;
      case "done":
        clearTimeout(this.#timer);
        this.#ticket = undefined;
        this.#handle.hold(false);
        settle(ticket, message.outcome);
        this.states.idle();
        return;
    }
  }

  async #serve(ticket: Ticket, hostFunction: number, input: Uint8Array): Promise<void> {
    const patience = setTimeout(() => this.#wait(ticket), PATIENCE);
    const result = await answerOf(ticket.host.hostCall, hostFunction, input);
    clearTimeout(patience);
    // The call may have been ended while the function ran, and the Worker with it.
    if (this.#gone || this.#ticket !== ticket) return;
    this.#waits = false;
    this.#answers?.write(result);
  }

  #wait(ticket: Ticket): void {
    if (this.#gone || this.#ticket !== ticket) return;
    this.#waits = true;
    this.states.waits();
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
  return { ...noFailure, code: errorNumbers.E_INTERNAL, message: `the Worker of the call ended: ${reason}` };
}

function noWorker(error: unknown): Failure {
  const reason = error instanceof Error ? showText(error.message, 1000) : "no reason given";
  const message = `the host starts no Worker for an asynchronous call: ${reason}`;
  return { ...noFailure, code: errorNumbers.E_NO_MACHINE, message };
}

/** The Workers of this thread. */
export const workerPool = new WorkerPool();

/** Whether an outcome is whole: its Worker told it. */
export function isWhole(outcome: Outcome | Ended): outcome is Outcome {
  return "stats" in outcome;
}
