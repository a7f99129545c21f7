import { errorNumbers, GateOperation } from "@twinwall/abi";
import {
  type AsyncCall,
  type AsyncHostCallHandler,
  type AsyncReply,
  CallFlag,
  type Failure,
  type GuestState,
  type Machine,
  type MachineLimits,
  type MachineStats,
} from "@twinwall/vmm";
import { type FuelWords, fuelWords } from "./budget.js";
import { Exchange, type Host } from "./exchange.js";
import { Figures } from "./figures.js";
import type { InstanceState, SoftInstance } from "./instance.js";
import { ReportWord, RequestWord, readLong } from "./mailbox.js";
import { deadlineAt, type FuelOf, writeFuel, writeRequest } from "./request.js";
import type { SoftSnapshot } from "./snapshot.js";
import { crash, failed, noFailure, outOfTime, poison, Stop } from "./stop.js";
import { workerPool } from "./workers/pool.js";
import type { Job, Outcome } from "./workers/protocol.js";
import { type Ended, isWhole } from "./workers/ticket.js";

const nothing = new Uint8Array(0);

const noCall = (): void => {};

let nextId = 1;

/** A machine over one instance; after a call that went wrong, over the next one. */
export class SoftMachine implements Machine {
  /** Tells machines apart in Workers. */
  readonly #id = nextId++;
  #instance: SoftInstance | undefined;
  #limits: MachineLimits;
  #fuel: FuelWords;
  readonly #exchange = new Exchange();
  readonly #figures = new Figures();
  #failure = noFailure;
  /** Where a call runs now: on this very thread, or in a Worker. */
  #running: "no" | "here" | "elsewhere" = "no";
  #closed = false;
  #clean = true;
  #requestId = 0;
  #overflow: Uint8Array = nothing;
  /** Ends the asynchronous call under way. */
  #endAsync: (code: number) => void = noCall;
  /** A view of the last result, for the next one of the same length. */
  #result: Uint8Array = nothing;

  constructor(
    private readonly snapshot: SoftSnapshot,
    private readonly host: Host,
    limits: MachineLimits,
    instance: SoftInstance,
  ) {
    this.#limits = limits;
    this.#fuel = fuelWords(limits.fuel);
    this.#instance = instance;
  }

  call(kind: number, target: number, flags: number, input: Uint8Array, output: Uint8Array): number {
    const refused = this.#refuseCall();
    if (refused < 0) return refused;
    this.#figures.calls += 1;
    this.#overflow = nothing;
    this.#running = "here";
    try {
      const length = this.#enter(kind, target, flags, input, output);
      if ((flags & CallFlag.Restore) !== 0) this.#restore(false);
      return length;
    } catch (thrown) {
      return this.#stopped(thrown, flags);
    } finally {
      this.#running = "no";
      if (this.#closed) this.#letGo();
    }
  }

  callAsync(
    kind: number,
    target: number,
    flags: number,
    input: Uint8Array,
    hostCall: AsyncHostCallHandler,
  ): AsyncCall {
    const refused = this.#refuseCall();
    if (refused < 0) {
      const reply = Promise.resolve({ status: refused, output: nothing });
      return { reply, restored: Promise.resolve(0), end: () => {} };
    }
    this.#figures.calls += 1;
    const job = this.#jobOf(kind, target, flags, input);
    const { deadlineUs } = this.#limits;
    const deadline = deadlineUs === 0 ? undefined : deadlineUs / 1000;
    const running = workerPool.run(this.snapshot, job, { hostCall, outbox: this.host.outbox }, deadline);
    this.#running = "elsewhere";
    this.#endAsync = running.end;
    const reply = running.outcome.then((outcome) => this.#asyncEnded(outcome));
    if ((flags & CallFlag.RestoreAfter) === 0) return { reply, end: running.end };
    // The Worker restores behind its reply, and what is here was not touched.
    return { reply, restored: reply.then(() => this.restoreAsync()), end: running.end };
  }

  /** The guest's state, when it is not the snapshot's. */
  exportState(): InstanceState | undefined {
    return this.#clean ? undefined : this.#instance?.exportState();
  }

  /** Goes on where another instance of the same snapshot stood. */
  importState(state: InstanceState): void {
    this.#restore(false);
    this.#instance ??= this.snapshot.instance();
    this.#clean = false;
    if (!this.#instance.importState(state))
      throw poison("E_NO_MACHINE", "the host has no memory for the session");
  }

  takeOutput(): Uint8Array {
    const output = this.#overflow;
    this.#overflow = nothing;
    return output;
  }

  failure(): Failure {
    return this.#failure;
  }

  save(): GuestState | number {
    const refused = this.#refuseCall();
    if (refused < 0) return refused;
    const state = this.exportState();
    if (state === undefined) return this.snapshot.save();
    const { heap, farHeap, memories } = state.open;
    return { registers: nothing, runs: state.pieces, ends: [heap, farHeap, ...memories] };
  }

  restore(): number {
    const refused = this.#refuseCall();
    if (refused < 0) return refused;
    this.#restore(false);
    return 0;
  }

  restoreAsync(replace = false): Promise<number> {
    const refused = this.#refuseCall();
    return Promise.resolve(refused < 0 ? refused : this.#renew(replace));
  }

  configure(limits: MachineLimits): void {
    this.#limits = limits;
    this.#fuel = fuelWords(limits.fuel);
  }

  stats(): MachineStats {
    return this.#figures.stats(this.#exchange, this.#limits, this.snapshot.writableBytes);
  }

  close(retire = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endAsync(errorNumbers.E_DISPOSED);
    const instance = this.#instance;
    this.#instance = undefined;
    // A call that runs here is the one whose host function closes the machine: its instance is in the middle of it.
    if (this.#running === "here") return;
    this.#letGo();
    if (instance !== undefined && !retire) this.snapshot.recycle(instance);
  }

  /** Keeps nothing of an instance that is another's from here on, or nobody's: whoever refers to the machine keeps its memory. */
  #letGo(): void {
    this.#result = nothing;
    this.#exchange.release();
  }

  /** 0, or why no call can start now. */
  #refuseCall(): number {
    if (this.#running !== "no") return this.#fail("E_BUSY", "the machine is in a call");
    return this.#closed ? this.#fail("E_DISPOSED", "the machine is closed") : 0;
  }

  #jobOf(kind: number, target: number, flags: number, input: Uint8Array): Job {
    return {
      machine: this.#id,
      kind,
      target,
      flags: flags & ~CallFlag.Exact,
      // A slice of a Node.js Buffer would be no copy.
      input: new Uint8Array(input),
      limits: { ...this.#limits, deadlineUs: 0 },
      state: this.exportState(),
    };
  }

  /** Takes over what a Worker says of a call, or that there is no Worker any more. */
  #asyncEnded(outcome: Outcome | Ended): AsyncReply {
    this.#running = "no";
    this.#endAsync = noCall;
    this.#failure = outcome.failure;
    if (!isWhole(outcome)) {
      this.#exchange.forget();
      this.#figures.forget();
      this.#restored(true);
      return { status: -outcome.failure.code, output: nothing };
    }
    try {
      return this.#adopt(outcome);
    } catch (thrown) {
      return { status: this.#stopped(thrown, CallFlag.Restore), output: nothing };
    }
  }

  #adopt(outcome: Outcome): AsyncReply {
    this.#exchange.adopt(outcome.stats);
    this.#figures.adopt(outcome.stats);
    if (outcome.state === undefined) this.#restored(outcome.status < 0);
    else if (!this.#closed) this.importState(outcome.state);
    return { status: outcome.status, output: outcome.output };
  }

  /** Runs one call; throws why it has no result. */
  #enter(kind: number, target: number, flags: number, input: Uint8Array, output: Uint8Array): number {
    const limits = this.#limits;
    if (input.length > limits.inputBytes) {
      throw failed("E_LIMIT", `the input has ${input.length} bytes, the limit is ${limits.inputBytes}`);
    }
    this.#instance ??= this.snapshot.instance();
    const instance = this.#instance;
    this.#clean = false;
    const now = performance.now();
    const address = instance.openInput(input.length);
    if (address === undefined)
      throw failed("E_LIMIT", `the input of ${input.length} bytes does not fit its area`);
    instance.bytes.set(input, address);
    this.#requestId = (this.#requestId + 1) >>> 0;
    writeRequest(instance, limits, now, this.snapshot.fixedSeed, address, input.length);
    const { words } = instance;
    words[RequestWord.RequestId] = this.#requestId;
    words[RequestWord.RequestId + 1] = 0;
    words[RequestWord.KindAndFlags] = kind | ((flags & CallFlag.Continues) << 16);
    words[RequestWord.Function] = target;
    const fuel = writeFuel(words, this.#fuel, limits);
    this.#exchange.begin(instance, this.host, limits, deadlineAt(now, limits), address, input.length);
    instance.dispatch();
    return this.#finish(instance, limits, now, fuel, flags, output);
  }

  #finish(
    instance: SoftInstance,
    limits: MachineLimits,
    begun: number,
    fuel: FuelOf,
    flags: number,
    output: Uint8Array,
  ): number {
    const exchange = this.#exchange;
    const ended = exchange.end(GateOperation.Done);
    const { words } = instance;
    if (words[ReportWord.RequestId] !== this.#requestId || words[ReportWord.RequestId + 1] !== 0) {
      throw poison("E_BAD_REPLY", "the guest broke the machine's contract: it answered another request");
    }
    this.#figures.read(words, ended - begun, instance.openedBytes(this.snapshot.open));
    const status = (words[ReportWord.Status] ?? 0) & 0xffff;
    if (status === 0) return this.#takeResult(instance, limits, flags, output);
    if (status === errorNumbers.E_FUEL && fuel !== "limit") throw outOfTime(fuel === "cpuTime");
    throw exchange.failure(status);
  }

  #takeResult(
    instance: SoftInstance,
    { outputBytes }: MachineLimits,
    flags: number,
    output: Uint8Array,
  ): number {
    const { words, plan } = instance;
    const address = readLong(words, ReportWord.OutputAddress);
    const length = readLong(words, ReportWord.OutputLength);
    if (length > outputBytes) {
      throw failed("E_LIMIT", `the result has ${length} bytes, the limit is ${outputBytes}`);
    }
    if (length === 0) return 0;
    if (address < plan.output.address || address + length > plan.output.address + instance.outputOpen) {
      throw poison(
        "E_BAD_REPLY",
        "the guest broke the machine's contract: its result lies outside the output area",
      );
    }
    if (length <= output.length) {
      if (
        this.#result.length !== length ||
        this.#result.byteOffset !== address ||
        this.#result.buffer !== instance.bytes.buffer
      ) {
        this.#result = instance.bytes.subarray(address, address + length);
      }
      output.set(this.#result);
    } else if ((flags & CallFlag.Exact) !== 0) {
      throw failed("E_LIMIT", `the result has ${length} bytes, the output has room for ${output.length}`);
    } else {
      this.#overflow = instance.bytes.slice(address, address + length);
    }
    return length;
  }

  /** What a thrown value means for the machine; returns the negative error code. */
  #stopped(thrown: unknown, flags: number): number {
    const stop = thrown instanceof Stop ? thrown : crash(thrown);
    this.#failure = stop.failure;
    if (stop.poisoned) this.#discard();
    else if ((flags & CallFlag.Restore) !== 0 || stop.failure.code !== errorNumbers.E_GUEST_ERROR) {
      this.#restore(true);
    }
    return -stop.failure.code;
  }

  /** A call that ran elsewhere has left its guest at the snapshot; a session's before it may not have. */
  #restored(thorough: boolean): void {
    if (this.#clean) this.#figures.restores += 1;
    else this.#restore(thorough);
  }

  /** Goes back to the snapshot. Does nothing when no call came since. */
  #restore(thorough: boolean): void {
    const instance = this.#instance;
    if (this.#clean || instance === undefined) return;
    const written = instance.restore(this.snapshot, thorough);
    if (written === undefined) {
      this.#discard();
      return;
    }
    this.#figures.restoredBytes = written;
    this.#figures.restores += 1;
    this.#clean = true;
  }

  /** Goes back to the snapshot, with an instance for the next call. Returns as {@link restoreAsync} resolves. */
  #renew(replace: boolean): number {
    if (replace) this.#discard();
    else this.#restore(false);
    if (this.#instance !== undefined) return 0;
    try {
      this.#instance = this.snapshot.instance();
      return 1;
    } catch (thrown) {
      return this.#stopped(thrown, CallFlag.None);
    }
  }

  /** Throws the instance away; the next call makes another. */
  #discard(): void {
    this.#instance = undefined;
    this.#figures.restores += 1;
    this.#clean = true;
    this.#letGo();
  }

  #fail(code: keyof typeof errorNumbers, message: string): number {
    this.#failure = { ...noFailure, code: errorNumbers[code], message };
    return -errorNumbers[code];
  }
}
