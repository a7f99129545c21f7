import { decodeRecords, errorNumbers, showText } from "@twinwall/abi";
import type { AsyncHostCallHandler, Failure } from "@twinwall/vmm";
import { platform } from "#vmm-soft/platform";
import type { WorkerHandle } from "../platform.js";
import { noFailure } from "../stop.js";
import { AnswerWriter, makeChannel } from "./channel.js";
import { handedOver, packJob, unpackOutcome } from "./packed.js";
import type { ToMain } from "./protocol.js";
import { settle, type Ticket } from "./ticket.js";

/** Longest time that a Worker may take to load and to get a job's guest ready, milliseconds. */
const LONGEST_START = 60_000;

/** How long a host function may take before its Worker counts as waiting, milliseconds. */
const PATIENCE = 10;

/** What a Worker's state means for the others. */
export interface WorkerStates {
  idle(): void;
  /** Its guest waits for a host function that takes its time. */
  waits(): void;
  gone(): void;
}

/** One Worker, and the job that it runs. */
export class PooledWorker {
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
    this.#handle.post(["start", channel, performance.timeOrigin], []);
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
      this.#handle.post(["snapshot", ticket.id, ticket.parts], []);
    }
    this.#handle.post(["job", ticket.id, packJob(ticket.job)], handedOver(ticket.job.input));
  }

  /** The guest runs now: its time begins. */
  #started({ deadline }: Ticket): void {
    clearTimeout(this.#timer);
    const late = { ...noFailure, code: errorNumbers.E_DEADLINE };
    if (deadline !== undefined) this.#timer = setTimeout(() => this.kill(late), deadline);
  }

  forget(id: number): void {
    if (this.#known.delete(id)) this.#handle.post(["forget", id], []);
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
    switch (message[0]) {
      case "started":
        this.#started(ticket);
        return;
      case "host":
        void this.#serve(ticket, message[1], message[2]);
        return;
      case "more":
        this.#answers?.next();
        return;
      case "outbox":
        for (const record of decodeRecords(message[1])) {
          // Whoever took the one before may have ended the call.
          if (!ticket.settled) ticket.host.outbox([record], message[1]);
        }
        return;
      case "done":
        clearTimeout(this.#timer);
        this.#ticket = undefined;
        this.#handle.hold(false);
        settle(ticket, unpackOutcome(message[1]));
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

function died(error: unknown): Failure {
  const reason = error instanceof Error ? showText(error.message, 1000) : "it exited";
  return { ...noFailure, code: errorNumbers.E_INTERNAL, message: `the Worker of the call ended: ${reason}` };
}
