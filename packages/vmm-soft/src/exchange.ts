import { decodeRecords, errorNumbers, GateOperation, type OutboxRecord, TwinwallError } from "@twinwall/abi";
import type { HostCallHandler, MachineLimits, RecordHandler } from "@twinwall/vmm";
import { ticks } from "./clock.js";
import type { SoftInstance } from "./instance.js";
import { AnswerWord, ReportWord, readLong, writeLong } from "./mailbox.js";
import { PAGE } from "./plan.js";
import { reportedFailure } from "./report.js";
import { badReply, poison, type Stop } from "./stop.js";
import type { CallStats } from "./workers/protocol.js";

/** Who serves a guest. */
export interface Host {
  readonly hostCall: HostCallHandler;
  readonly outbox: OutboxHandler;
}

/** Takes what a drained outbox held, and its bytes, which become the receiver's. */
export type OutboxHandler = (records: readonly OutboxRecord[], bytes: Uint8Array<ArrayBuffer>) => void;

/** Hands records out one by one. */
export function eachRecord(record: RecordHandler): OutboxHandler {
  return (records) => {
    for (const { kind, function: hostFunction, data } of records) record(kind, hostFunction, data);
  };
}

/** Serves no guest: none runs. */
const nobody = (): void => {};

/** Longest text of a guest that gave up, bytes. */
const LAST_WORDS = 1024;

/**
 * One call in progress: what the guest asks for through its gate. A machine has one and uses it for all its calls, so
 * that a call makes no objects.
 */
export class Exchange {
  exits = 0;
  hostCalls = 0;
  /** Of arguments and answers of host calls. */
  hostBytes = 0;
  /** Of records. */
  outboxBytes = 0;

  #instance: SoftInstance | undefined;
  #host: Host | undefined;
  #limits: MachineLimits | undefined;
  /** Milliseconds of `performance.now()`. */
  #deadline = Number.POSITIVE_INFINITY;
  /** Length of the call's input, rounded up: answers of host functions go behind it. */
  #answers = 0;
  #input = 0;

  /** Starts a call whose input, of so many bytes, lies at `input`. */
  begin(
    instance: SoftInstance,
    host: Host,
    limits: MachineLimits,
    deadline: number,
    input: number,
    inputBytes: number,
  ): void {
    this.forget();
    this.#instance = instance;
    this.#host = host;
    this.#limits = limits;
    this.#deadline = deadline;
    this.#input = input;
    this.#answers = Math.ceil(inputBytes / 8) * 8;
    instance.onGate = this.#gate;
  }

  /** Lets go of the last call's instance and host, and makes the instance let go of both: it may serve another machine. */
  release(): void {
    if (this.#instance !== undefined) this.#instance.onGate = nobody;
    this.#instance = undefined;
    this.#host = undefined;
  }

  /** Counts from zero. */
  forget(): void {
    this.exits = 0;
    this.hostCalls = 0;
    this.hostBytes = 0;
    this.outboxBytes = 0;
  }

  /** Takes over the counts of a call that another machine ran. */
  adopt({ exits, hostCalls, hostBytes, outboxBytes }: CallStats): void {
    this.exits = exits;
    this.hostCalls = hostCalls;
    this.hostBytes = hostBytes;
    this.outboxBytes = outboxBytes;
  }

  /** Checks the report that the guest left at the end, and reads its outbox; returns `performance.now()`. */
  end(operation: GateOperation): number {
    this.exits += 1;
    const instance = this.#running();
    instance.refresh();
    this.#drain(instance);
    if (instance.words[ReportWord.Operation] !== operation) throw badReply("it came back without being done");
    return this.#checkDeadline();
  }

  /** The failure that the report tells. */
  failure(status: number): Stop {
    const { words } = this.#running();
    const detail = (words[ReportWord.Detail] ?? 0) | 0;
    const messageLength = readLong(words, ReportWord.MessageLength);
    return reportedFailure(status, detail, this.copyOut("a failure text"), messageLength);
  }

  /** Copies what the report points to, after checking that it lies in the open output area. */
  copyOut(what: string): Uint8Array<ArrayBuffer> {
    const instance = this.#running();
    const address = readLong(instance.words, ReportWord.OutputAddress);
    const length = readLong(instance.words, ReportWord.OutputLength);
    if (length === 0) return new Uint8Array(0);
    const { output } = instance.plan;
    if (address < output.address || address + length > output.address + instance.outputOpen)
      throw badReply(what);
    return instance.bytes.slice(address, address + length);
  }

  /** What the guest's gate calls. It throws through the guest when the call is over. */
  readonly #gate = (): void => {
    this.exits += 1;
    const instance = this.#running();
    instance.refresh();
    this.#drain(instance);
    switch (instance.words[ReportWord.Operation]) {
      case GateOperation.HostCall:
        this.#serveHostCall(instance);
        break;
      case GateOperation.Grow:
        this.#serveGrowth(instance);
        break;
      case GateOperation.Drain:
        break;
      case GateOperation.Ticks:
        // It is no exit in its own right: other machines read a counter.
        this.exits -= 1;
        answer(instance, 0, ticks(performance.now()), 0);
        break;
      case GateOperation.Abort:
        throw this.#abort();
      default:
        throw badReply("it asked for an operation that does not exist");
    }
    this.#checkDeadline();
  };

  #serveHostCall(instance: SoftInstance): void {
    const { limits, host } = this.#call();
    this.hostCalls += 1;
    if (this.hostCalls > limits.hostCalls) {
      throw poison("E_LIMIT", `the guest made more than ${limits.hostCalls} host calls`);
    }
    const { words } = instance;
    const size = readLong(words, ReportWord.OutputLength);
    if (size > limits.outputBytes) {
      throw poison(
        "E_LIMIT",
        `the arguments of a host call have ${size} bytes, the limit is ${limits.outputBytes}`,
      );
    }
    this.#countHostBytes(size, limits);
    const hostFunction = words[ReportWord.Function] ?? 0;
    const result = host.hostCall(hostFunction, this.copyOut("the arguments of a host call"));
    this.#checkDeadline();
    if (typeof result === "number") answer(instance, errorNumber(result), 0, 0);
    else this.#answerWith(instance, limits, result);
  }

  #answerWith(instance: SoftInstance, limits: MachineLimits, result: Uint8Array): void {
    if (result.length > limits.inputBytes) {
      throw poison(
        "E_LIMIT",
        `a host function returned ${result.length} bytes, the limit is ${limits.inputBytes}`,
      );
    }
    this.#countHostBytes(result.length, limits);
    // An answer must not move the call's input, so one that does not fit behind it goes to the far area.
    const end = this.#answers + result.length;
    const base = instance.openInput(end);
    if (base === undefined) {
      throw poison("E_LIMIT", "the input and the answer of a host function do not fit their area");
    }
    const address = base + (base === this.#input ? this.#answers : 0);
    instance.bytes.set(result, address);
    answer(instance, 0, address, result.length);
  }

  #countHostBytes(bytes: number, limits: MachineLimits): void {
    this.hostBytes += bytes;
    if (this.hostBytes <= limits.hostBytes) return;
    throw poison("E_LIMIT", `the host calls passed more than ${limits.hostBytes} bytes in all`);
  }

  #serveGrowth(instance: SoftInstance): void {
    const { words } = instance;
    const address = readLong(words, ReportWord.GrowAddress);
    const length = readLong(words, ReportWord.GrowLength);
    const end = this.#mayGrow(instance, address, length) ? instance.grow(address, length) : undefined;
    if (end === undefined) answer(instance, errorNumbers.E_MEMORY, 0, 0);
    else answer(instance, 0, address, end - address);
  }

  /** The output area opens up to the limit on results only. */
  #mayGrow(instance: SoftInstance, address: number, length: number): boolean {
    const { output } = instance.plan;
    if (address < output.address || address >= output.address + output.bytes) return true;
    const { outputBytes } = this.#call().limits;
    return address + length <= output.address + Math.ceil(outputBytes / PAGE) * PAGE;
  }

  /** Hands the records of the outbox to the host. */
  #drain(instance: SoftInstance): void {
    const { words } = instance;
    const length = readLong(words, ReportWord.OutboxLength);
    if (length === 0) return;
    const { outbox } = instance.plan;
    if (length > outbox.bytes) throw badReply("its outbox is longer than the area");
    const { limits, host } = this.#call();
    this.outboxBytes += length;
    if (this.outboxBytes > limits.outboxBytes) {
      throw poison("E_LIMIT", `the guest wrote more than ${limits.outboxBytes} bytes of output and log`);
    }
    const copy = instance.bytes.slice(outbox.address, outbox.address + length);
    host.outbox(readRecords(copy), copy);
  }

  #abort(): Stop {
    const text = this.#lastWords();
    return poison("E_BAD_REPLY", `the guest runtime gave up: ${text}`);
  }

  #lastWords(): string {
    try {
      return new TextDecoder().decode(this.copyOut("an abort message").subarray(0, LAST_WORDS));
    } catch {
      return "";
    }
  }

  #checkDeadline(): number {
    const now = performance.now();
    if (now > this.#deadline) throw poison("E_DEADLINE", "");
    return now;
  }

  #running(): SoftInstance {
    if (this.#instance === undefined) throw new TwinwallError("E_INTERNAL", "no call is running");
    return this.#instance;
  }

  #call(): { limits: MachineLimits; host: Host } {
    const limits = this.#limits;
    const host = this.#host;
    if (limits === undefined || host === undefined)
      throw new TwinwallError("E_INTERNAL", "no call is running");
    return { limits, host };
  }
}

/** Writes the answer to a gate operation. */
export function answer(instance: SoftInstance, status: number, address: number, length: number): void {
  const { words } = instance;
  words[AnswerWord.Status] = status;
  words[AnswerWord.Status + 1] = 0;
  writeLong(words, AnswerWord.Address, address);
  writeLong(words, AnswerWord.Length, length);
}

/** The number of a handler's negative error code; a code that does not exist is a host function's own failure. */
function errorNumber(code: number): number {
  const number = -code;
  return Number.isInteger(number) && number > 0 && number <= errorNumbers.E_INTERNAL
    ? number
    : errorNumbers.E_HOST_FUNCTION;
}

function readRecords(bytes: Uint8Array): OutboxRecord[] {
  try {
    return decodeRecords(bytes);
  } catch {
    throw badReply("an outbox record is malformed");
  }
}
