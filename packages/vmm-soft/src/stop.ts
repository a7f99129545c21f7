import { type ErrorCode, errorNumbers, TwinwallError } from "@twinwall/abi";
import type { Failure } from "@twinwall/vmm";

/** A failure that says nothing yet. */
export const noFailure: Failure = { code: 0, detail: 0, message: "", backtrace: "" };

/** Ends a call: thrown through the guest, or told by its report. */
export class Stop {
  /**
   * @param poisoned Whether the guest did not come back to its gate's end: its instance is thrown away.
   */
  constructor(
    readonly failure: Failure,
    readonly poisoned: boolean,
  ) {}
}

/** A stop of the host's own making; the instance goes. */
export function poison(code: ErrorCode, message: string): Stop {
  return new Stop({ ...noFailure, code: errorNumbers[code], message }, true);
}

/** A guest that did what no correct guest does. */
export function badReply(what: string): Stop {
  return poison("E_BAD_REPLY", `the guest broke the machine's contract: ${what}`);
}

/** A failure after which the guest is where it should be. */
export function failed(code: ErrorCode, message: string): Stop {
  return new Stop({ ...noFailure, code: errorNumbers[code], message }, false);
}

/** A guest that used up what stands for its time. */
export function outOfTime(processor: boolean): Stop {
  return new Stop({ ...noFailure, code: errorNumbers.E_DEADLINE, detail: processor ? 1 : 0 }, false);
}

/** What the host's engine threw while a guest ran: the guest cannot go on. */
export function crash(thrown: unknown): Stop {
  if (thrown instanceof WebAssembly.RuntimeError) {
    return poison("E_BAD_REPLY", `the guest runtime crashed: ${thrown.message}`);
  }
  if (thrown instanceof TwinwallError) return poison(thrown.code, thrown.rawMessage);
  // Engines throw a RangeError for much else, such as memory that they do not get.
  if (thrown instanceof RangeError && /call stack/i.test(thrown.message)) {
    return poison(
      "E_INTERNAL",
      "the host's own stack is used up; call the sandbox from less deep a recursion",
    );
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return poison("E_INTERNAL", `the machine's driver failed: ${text}`);
}
