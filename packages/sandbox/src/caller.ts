import { CallKind, decodeBatch, type Limits, TwinwallError } from "@twinwall/abi";
import {
  type AsyncCall,
  type AsyncReply,
  CallFlag,
  callLimits,
  commandLimits,
  failureToError,
  type GuestState,
  type Machine,
  type MachineLimits,
} from "@twinwall/vmm";
import { batchOf, isCallBuffer } from "./buffers.js";
import { callError, callProblem } from "./call-error.js";
import type { FunctionTable, Problem, TargetFunction } from "./functions.js";
import type { HostCalls, KeptError } from "./host-calls.js";
import { nesting } from "./nesting.js";
import { closed, running } from "./owners.js";
import type { Parts } from "./prepare.js";
import { closedError, heldError, noCommandError, refusalOf } from "./refusals.js";
import { checkResultBytes, readResults, writeArguments } from "./scalars.js";
import { abortedError, anySignal, endedBy } from "./signals.js";
import type { Scopes } from "./typed/scopes.js";
import { TypedCalls, type TypedEntry } from "./typed/typed-calls.js";

/** Bytes of the buffer that results are first read into. */
const SCRATCH_BYTES = 64 * 1024;

/**
 * Calls functions on one machine. Whoever may call right now owns it: the sandbox, its open session, or nobody while a
 * call runs; so that one comparison on the fast path covers all states.
 */
export class Caller implements TypedEntry {
  /** What the machine is made of; whoever makes callers says it. */
  parts: Parts | undefined;
  /** Why the last session ended early; told to those who use it on. */
  sessionFailure: TwinwallError | undefined;

  private readonly scratch = new Uint8Array(SCRATCH_BYTES);
  private readonly ordinaryLimits: MachineLimits;
  /** How many calls of this thread may be under way, this one included. */
  private readonly deepest: number;
  private limits: MachineLimits;
  protected owner: object;
  /** The first call of a session starts clocks and streams, the others go on with them. */
  private sessionFlags: number = CallFlag.None;
  /** Whether the running call is asynchronous. */
  private isAsync = false;
  /** Of a component. */
  private readonly typed: TypedCalls | undefined;

  /**
   * @param root Owner while no session is open.
   * @param signal Cancels every call.
   * @param scopes Resources of a component.
   */
  constructor(
    readonly root: object,
    protected readonly machine: Machine,
    private readonly functions: FunctionTable,
    private readonly hosts: HostCalls,
    limits: Limits,
    private readonly signal: AbortSignal | undefined,
    scopes: Scopes | undefined,
  ) {
    this.owner = root;
    this.typed = scopes && new TypedCalls(root, this, functions, scopes);
    this.ordinaryLimits = callLimits(limits);
    this.deepest = limits.nesting;
    this.limits = this.ordinaryLimits;
    hosts.signal = signal;
  }

  /** Gives the machine to a session. */
  open(session: object): void {
    if (this.owner !== this.root) throw this.refusal(this.root);
    this.sessionFailure = undefined;
    this.sessionFlags = CallFlag.None;
    this.owner = session;
    this.typed?.open(session);
  }

  /** Tells whether `session` has the machine. */
  isOpen(session: object): boolean {
    return this.owner === session;
  }

  save(owner: object): GuestState {
    this.checkOwner(owner);
    if (owner !== this.root && this.typed !== undefined) throw heldError();
    const state = this.machine.save();
    if (typeof state !== "number") return state;
    throw failureToError(this.machine.failure(), { limits: this.limits, subject: "snapshot" });
  }

  /** Takes the machine back from a session and restores it; nothing when the session has ended already. */
  finish(session: object): void {
    if (this.owner === running) throw this.refusal(session);
    if (this.owner !== session) return;
    this.owner = this.root;
    this.leave();
    this.typed?.end();
  }

  /** A session is over, and its state goes. */
  protected leave(): void {
    this.checkStatus(this.machine.restore());
  }

  protected checkStatus(status: number): void {
    if (status < 0) throw failureToError(this.machine.failure(), { limits: this.limits, subject: "restore" });
  }

  /** Where a call runs now. */
  get running(): "nowhere" | "here" | "elsewhere" {
    return this.owner !== running ? "nowhere" : this.isAsync ? "elsewhere" : "here";
  }

  /**
   * Gives the machine back for good; open sessions end, and an asynchronous call under way with `E_DISPOSED`.
   * @param retire Whether it is not kept for later sandboxes.
   */
  close(retire = false): void {
    if (this.owner === closed) return;
    if (this.running === "here") throw this.refusal(this.root);
    this.owner = closed;
    this.machine.close(retire);
    this.typed?.end();
  }

  /** Whether a session has the machine. */
  get hasSession(): boolean {
    return this.owner !== this.root && this.owner !== closed && this.owner !== running;
  }

  /** Refuses use behind `close`. */
  checkClosed(): void {
    if (this.owner === closed) throw closedError();
  }

  /** Figures of the machine. */
  stats(): ReturnType<Machine["stats"]> {
    this.checkClosed();
    return this.machine.stats();
  }

  /** A call on bytes into the caller's buffer; the fast path, which makes no objects. */
  callInto(owner: object, name: string, input: Uint8Array, output: Uint8Array): number {
    const target = this.functions.get(name);
    if (
      this.owner !== owner ||
      target === undefined ||
      target.bytesProblem !== undefined ||
      !isCallBuffer(input) ||
      !isCallBuffer(output)
    ) {
      throw this.callProblem(owner, name, target?.bytesProblem, input, output);
    }
    return this.enter(owner, CallKind.Bytes, target, CallFlag.Exact, input, output);
  }

  callBytes(owner: object, name: string, input: Uint8Array): Uint8Array {
    const target = this.functions.get(name);
    if (
      this.owner !== owner ||
      target === undefined ||
      target.bytesProblem !== undefined ||
      !isCallBuffer(input)
    ) {
      throw this.callProblem(owner, name, target?.bytesProblem, input, this.scratch);
    }
    const length = this.enter(owner, CallKind.Bytes, target, CallFlag.None, input, this.scratch);
    return length <= SCRATCH_BYTES ? this.scratch.slice(0, length) : this.machine.takeOutput();
  }

  call(owner: object, name: string, values: readonly unknown[]): unknown {
    const target = this.functions.get(name);
    if (target?.typed !== undefined && this.typed !== undefined) {
      return this.typed.call(owner, target, target.typed, values);
    }
    if (this.owner !== owner || target === undefined || target.scalarProblem !== undefined) {
      throw this.callProblem(owner, name, target?.scalarProblem, this.scratch, this.scratch);
    }
    writeArguments(target, values);
    const { input, output } = target.slots;
    const length = this.enter(owner, CallKind.Scalar, target, CallFlag.Exact, input, output);
    checkResultBytes(target, length);
    return readResults(target);
  }

  callMany(owner: object, name: string, inputs: readonly Uint8Array[]): Uint8Array[] {
    const target = this.functions.get(name);
    if (this.owner !== owner || target === undefined || target.bytesProblem !== undefined) {
      throw this.callProblem(owner, name, target?.bytesProblem, this.scratch, this.scratch);
    }
    const input = batchOf(inputs);
    this.checkOwner(owner);
    const length = this.enter(owner, CallKind.Batch, target, CallFlag.None, input, this.scratch);
    const output = length <= SCRATCH_BYTES ? this.scratch.subarray(0, length) : this.machine.takeOutput();
    return decodeBatch(output, inputs.length);
  }

  /**
   * One run of a WASI command.
   * @param outboxBytes Most bytes of records; see `commandLimits`.
   * @returns Its exit status.
   */
  command(limits: Limits, outboxBytes: number, input: Uint8Array): number {
    if (this.owner !== this.root) throw this.refusal(this.root);
    const target = this.functions.command();
    if (target === undefined) throw noCommandError();
    const status = new DataView(new ArrayBuffer(4));
    this.configure(commandLimits(limits, outboxBytes));
    try {
      const output = new Uint8Array(status.buffer);
      const length = this.enter(this.root, CallKind.Command, target, CallFlag.None, input, output);
      if (length !== 4)
        throw new TwinwallError("E_BAD_REPLY", `a command's status has ${length} bytes, not 4`);
      return status.getInt32(0, true);
    } finally {
      this.configure(this.ordinaryLimits);
    }
  }

  private configure(limits: MachineLimits): void {
    this.limits = limits;
    this.machine.configure(limits);
  }

  /** A call on bytes or scalars on a thread of its own. */
  async callAsync(
    owner: object,
    name: string,
    input: Uint8Array | readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const onBytes = !Array.isArray(input);
    const target = this.functions.get(name);
    if (!onBytes && target?.typed !== undefined && this.typed !== undefined) {
      return await this.typed.callAsync(owner, target, target.typed, input, signal);
    }
    const problem = onBytes ? target?.bytesProblem : target?.scalarProblem;
    const bytes = onBytes ? input : this.scratch;
    if (this.owner !== owner || target === undefined || problem !== undefined || !isCallBuffer(bytes)) {
      throw this.callProblem(owner, name, problem, bytes, this.scratch);
    }
    if (onBytes) return await this.enterAsync(owner, CallKind.Bytes, target, bytes, signal);
    writeArguments(target, input);
    const output = await this.enterAsync(owner, CallKind.Scalar, target, target.slots.input, signal);
    checkResultBytes(target, output.length);
    target.slots.output.set(output);
    return readResults(target);
  }

  enterTyped(owner: object, kind: CallKind, target: TargetFunction, input: Uint8Array): number {
    return this.enter(owner, kind, target, CallFlag.None, input, this.scratch);
  }

  outputOf(length: number): Uint8Array {
    return length <= SCRATCH_BYTES ? this.scratch : this.machine.takeOutput();
  }

  enterTypedAsync(
    owner: object,
    target: TargetFunction,
    input: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    return this.enterAsync(owner, CallKind.Typed, target, input, signal);
  }

  abandon(owner: object, error: TwinwallError): void {
    if (owner !== this.root && this.owner === owner) this.endSession(error);
  }

  /** The guest's state is gone, and the session with it. */
  private endSession(error: TwinwallError): void {
    this.owner = this.root;
    this.sessionFailure = error;
    // Most failures have restored the machine already, but not one before the call entered the guest, and not a
    // guest that was told of a failure and said success. It costs nothing where it was done.
    this.machine.restore();
    try {
      this.typed?.end();
    } catch {
      // What the session ended with says more.
    }
  }

  private async enterAsync(
    owner: object,
    kind: CallKind,
    target: TargetFunction,
    input: Uint8Array,
    given: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    this.checkOwner(owner);
    const signal = anySignal(this.signal, given);
    if (signal?.aborted) throw abortedError(signal);
    const flags = this.flagsOf(owner);
    this.owner = running;
    this.isAsync = true;
    let reply: AsyncReply;
    try {
      const call = this.machine.callAsync(kind, target.index, flags, input, this.hosts.hostCallAsync);
      this.started(call);
      reply = await endedBy(call, signal);
    } finally {
      this.isAsync = false;
      this.sessionFlags = CallFlag.Continues;
      // Closed meanwhile: it stays so.
      if (this.owner === running) this.owner = owner;
    }
    return this.settleAsync(owner, target, reply.status, reply.output, signal);
  }

  /** An asynchronous call is on its way. */
  protected started(_call: AsyncCall): void {}

  /** What the end of an asynchronous call means for the sandbox and whoever waits for it. */
  private settleAsync(
    owner: object,
    target: TargetFunction,
    status: number,
    output: Uint8Array,
    signal: AbortSignal | undefined,
  ): Uint8Array {
    const kept = this.hosts.take();
    if (this.owner === closed) throw this.refusal(this.root);
    if (status >= 0 && kept === undefined) return output;
    const error = this.conclude(owner, target, status, kept);
    throw error.code === "E_ABORTED" && signal?.aborted ? abortedError(signal) : error;
  }

  private enter(
    owner: object,
    kind: CallKind,
    target: TargetFunction,
    extraFlags: number,
    input: Uint8Array,
    output: Uint8Array,
  ): number {
    if (this.signal?.aborted) throw abortedError(this.signal);
    const flags = extraFlags | this.flagsOf(owner);
    let length = 0;
    nesting.enter(this.deepest);
    this.owner = running;
    try {
      length = this.machine.call(kind, target.index, flags, input, output);
    } finally {
      nesting.leave();
      this.sessionFlags = CallFlag.Continues;
      this.owner = owner;
    }
    if (length < 0 || this.hosts.kept !== undefined) {
      throw this.conclude(owner, target, length, this.hosts.take());
    }
    return length;
  }

  /** The flags of a call that is about to enter the machine. */
  protected flagsOf(owner: object): number {
    return owner === this.root ? CallFlag.Restore : this.sessionFlags;
  }

  /** Once more, after code of the caller's has run: their lists may be more than lists. */
  checkOwner(owner: object): void {
    if (this.owner !== owner) throw this.refusal(owner);
  }

  /** Makes the error of a call, and ends the session where the guest's state is gone. */
  private conclude(
    owner: object,
    target: TargetFunction,
    length: number,
    kept: KeptError | undefined,
  ): TwinwallError {
    const error = callError(this.machine, this.limits, target, length, kept);
    const keepsState = kept?.told !== true && (length >= 0 || error.code === "E_GUEST_ERROR");
    if (owner !== this.root && !keepsState) this.endSession(error);
    return error;
  }

  /** Finds out what is wrong with a call that the fast path refused. */
  private callProblem(
    owner: object,
    name: string,
    problem: Problem | undefined,
    input: unknown,
    output: unknown,
  ): TwinwallError {
    if (this.owner !== owner) return this.refusal(owner);
    return callProblem(this.functions, name, problem, input, output);
  }

  /** Why `owner` may not call now. */
  private refusal(owner: object): TwinwallError {
    return refusalOf(this.owner, owner === this.root, this.isAsync, this.sessionFailure);
  }
}
