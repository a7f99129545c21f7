import { AsyncResource } from "node:async_hooks";
import { types } from "node:util";
import { errorNumbers } from "@twinwall/abi";
import type { AsyncCall, AsyncHostCallHandler, AsyncReply, RecordHandler } from "@twinwall/vmm";
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
        settle({ status: number, output: data });
        return undefined;
    }
  });
  if (call < 0) settle({ status: call, output: new Uint8Array(0) });
  return { reply, end: (code) => machine.end(call, code) };
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
