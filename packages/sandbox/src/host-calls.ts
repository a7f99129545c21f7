import { errorNumbers, RecordKind, showName, TwinwallError } from "@twinwall/abi";
import type { AsyncHostCallHandler, HostCallHandler, RecordHandler } from "@twinwall/vmm";
import { isThenable, refusePromise } from "./host-values.js";
import type { NamedHostFunction } from "./imports.js";
import { abortedError } from "./signals.js";

const nothing = new Uint8Array(0);

/** Where a guest's output goes. */
export interface OutputSink {
  stdout(chunk: Uint8Array): void;
  stderr(chunk: Uint8Array): void;
}

/** An error that a handler kept until the call is over: it must not cross the driver. */
export interface KeptError {
  readonly error: TwinwallError;
  /** Whether the guest was told: then the call has failed, whatever the guest says. */
  readonly told: boolean;
}

/** Serves a guest's host calls and records, and keeps what went wrong. */
export class HostCalls {
  /** The first error of the current call. */
  kept: KeptError | undefined;
  /** Cancels the current call at its next host call. */
  signal: AbortSignal | undefined;
  /** Where output goes for now. */
  sink: OutputSink;

  /** Counts calls: a promise may settle after the one that it was for. */
  private callNumber = 0;

  constructor(
    private readonly functions: readonly NamedHostFunction[],
    sink: OutputSink,
  ) {
    this.sink = sink;
  }

  /** Takes the kept error away; the call is over. */
  take(): KeptError | undefined {
    const { kept } = this;
    this.kept = undefined;
    this.callNumber += 1;
    return kept;
  }

  /** Serves a host call for the driver. */
  readonly hostCall: HostCallHandler = (index, input) => {
    try {
      const host = this.begin(index);
      if (host.deferred) return this.deferredCall(index, input);
      return host.answer(host.invoke(input));
    } catch (error) {
      return this.refuse(error);
    }
  };

  /** The same for a call that runs on another thread: the guest waits for a promise. */
  readonly hostCallAsync: AsyncHostCallHandler = (index, input) => {
    try {
      const host = this.begin(index);
      if (host.deferred) return this.deferredCall(index, input);
      const value = host.invoke(input);
      if (!isThenable(value)) return host.answer(value);
      return this.answerLater(host, value);
    } catch (error) {
      return this.refuse(error);
    }
  };

  private async answerLater(
    host: NamedHostFunction,
    value: PromiseLike<unknown>,
  ): Promise<Uint8Array | number> {
    const call = this.callNumber;
    try {
      const result = await settled(host, value);
      // A copy: until the driver has it, another sandbox may have the same function answer.
      return host.answer(result).slice();
    } catch (error) {
      // The call may be over, and what happens now is no other call's business.
      return call === this.callNumber ? this.refuse(error) : -errorNumbers.E_ABORTED;
    }
  }

  /** The host function of a host call, unless the call was cancelled. */
  private begin(index: number): NamedHostFunction {
    if (this.signal?.aborted) throw abortedError(this.signal);
    return this.find(index);
  }

  /** The arguments did not fit the outbox; it is one-way all the same. */
  private deferredCall(index: number, input: Uint8Array): Uint8Array {
    this.record(RecordKind.HostCall, index, input);
    return nothing;
  }

  /** Keeps the error, and tells the guest its code. */
  private refuse(error: unknown): number {
    const failure = TwinwallError.from(error);
    if (!this.kept?.told) this.kept = { error: failure, told: true };
    return -errorNumbers[failure.code];
  }

  /** Takes a record for the driver. The guest went on long ago, so an error can only wait for the end of the call. */
  readonly record: RecordHandler = (kind, index, data) => {
    try {
      if (kind === RecordKind.Stdout) this.sink.stdout(data);
      else if (kind === RecordKind.Stderr) this.sink.stderr(data);
      else this.deferred(this.find(index), data);
    } catch (error) {
      this.kept ??= { error: TwinwallError.from(error, "E_HOST_FUNCTION"), told: false };
    }
  };

  private deferred(host: NamedHostFunction, data: Uint8Array): void {
    // Only what was declared one-way may run without a place to put its result.
    if (!host.deferred) {
      throw new TwinwallError(
        "E_BAD_REPLY",
        `the guest deferred host function ${showName(host.name)}, which is not one-way`,
      );
    }
    refusePromise(host.name, host.invoke(data), "a deferred call is one-way, and nobody waits for it");
  }

  private find(index: number): NamedHostFunction {
    const host = this.functions[index];
    if (host !== undefined) return host;
    throw new TwinwallError("E_BAD_REPLY", `the guest called host function ${index}, which it does not have`);
  }
}

/** What a promise of a host function comes to. */
async function settled(host: NamedHostFunction, value: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await value;
  } catch (error) {
    return host.recover(error);
  }
}
