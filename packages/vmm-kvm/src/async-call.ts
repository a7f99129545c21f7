import { AsyncResource } from "node:async_hooks";
import { types } from "node:util";
import { errorNumbers } from "@twinwall/abi";
import {
  type AsyncCall,
  type AsyncHostCallHandler,
  type AsyncReply,
  CallFlag,
  type RecordHandler,
} from "@twinwall/vmm";
import { type NativeMachine, Told } from "./native.js";

type Answer = Uint8Array | number;

/**
 * Starts a call on a thread of the addon.
 *
 * Host functions and records run in the asynchronous context of the caller: an `AsyncLocalStorage` holds there what it
 * held when the call was made.
 *
 * @param operation Kind, flags and target, packed as for the entry function.
 */
export function startAsyncCall(
  machine: NativeMachine,
  operation: number,
  input: Uint8Array,
  hostCall: AsyncHostCallHandler,
  record: RecordHandler,
): AsyncCall {
  const context = new AsyncResource("TwinwallCall");
  let settle: (reply: AsyncReply) => void = () => {};
  const reply = new Promise<AsyncReply>((resolve) => {
    settle = resolve;
  });
  let settleRestored: (status: number) => void = () => {};
  const restored = restoresAfter(operation)
    ? new Promise<number>((resolve) => {
        settleRestored = resolve;
      })
    : undefined;
  const call = machine.start(operation, input, (what, number, hostFunction, data) => {
    switch (what) {
      case Told.Record:
        context.runInAsyncScope(record, undefined, number, hostFunction, data);
        return undefined;
      case Told.HostCall: {
        const answer = context.runInAsyncScope(hostCall, undefined, hostFunction, data);
        if (isAnswer(answer)) return answer;
        answerLater(machine, call, number, answer);
        return undefined;
      }
      case Told.Done:
      case Told.Reply:
        settle({ status: number, output: data });
        return undefined;
      case Told.Restored:
        settleRestored(number);
        return undefined;
    }
  });
  if (call < 0) {
    settle({ status: call, output: new Uint8Array(0) });
    // It was refused before it entered the guest.
    settleRestored(0);
  }
  const end = (code: number): void => machine.end(call, code);
  return restored === undefined ? { reply, end } : { reply, restored, end };
}

/** Restores a machine on a thread of the addon, where that is worth it. */
export function startRestore(machine: NativeMachine, replace: boolean): Promise<number> {
  return new Promise((resolve) => {
    const started = machine.startRestore(replace, (_, status) => {
      resolve(status);
      return undefined;
    });
    if (started <= 0) resolve(started);
  });
}

function restoresAfter(operation: number): boolean {
  return (Math.floor(operation / 256) & CallFlag.RestoreAfter) !== 0;
}

/** Answers host call `hostCall` of `call` when `promise` settles. Nothing happens when that is too late. */
function answerLater(machine: NativeMachine, call: number, hostCall: number, promise: unknown): void {
  const answer = (value: unknown): void => {
    machine.answer(call, hostCall, isAnswer(value) ? value : -errorNumbers.E_HOST_FUNCTION);
  };
  // Handlers do not reject; one that does has failed.
  Promise.resolve(promise).then(answer, () => answer(undefined));
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === "number" || types.isUint8Array(value);
}
