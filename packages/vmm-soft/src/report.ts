import { type ErrorCode, errorCodeOf, errorNumbers, trapName } from "@twinwall/abi";
import { poison, Stop } from "./stop.js";

/** Most bytes of a failure's message, and of its whole text, that are kept. */
const MESSAGE_BYTES = 4096;
const TEXT_BYTES = 65_536;

/** Codes that a guest may report. */
const known = new Set<ErrorCode>([
  "E_MEMORY",
  "E_FUEL",
  "E_TRAP",
  "E_GUEST_ERROR",
  "E_HOST_FUNCTION",
  "E_TYPE",
  "E_BAD_REPLY",
  "E_BAD_MODULE",
  "E_UNSUPPORTED",
  "E_IMPORT",
  "E_NO_FUNCTION",
  "E_LIMIT",
  "E_ABORTED",
  "E_INTERNAL",
  "E_OPTION",
]);

const decoder = new TextDecoder();

/**
 * What a guest's report of a failure comes to.
 *
 * @param text A copy of the failure's text: the message, then the backtrace.
 * @param messageLength Where the message ends, as the guest says.
 */
export function reportedFailure(
  status: number,
  detail: number,
  text: Uint8Array,
  messageLength: number,
): Stop {
  const code = errorCodeOf(status);
  if (errorNumbers[code] !== status || !known.has(code)) {
    return poison("E_BAD_REPLY", `the guest reported the unknown status ${status}`);
  }
  const kept = text.subarray(0, TEXT_BYTES);
  const split = Math.min(messageLength, kept.length);
  const message = decoder.decode(kept.subarray(0, Math.min(split, MESSAGE_BYTES)));
  const backtrace = decoder.decode(kept.subarray(split));
  const shown = message === "" ? fallback(code, detail) : message;
  return new Stop({ code: status, detail, message: shown, backtrace }, false);
}

function fallback(code: ErrorCode, detail: number): string {
  switch (code) {
    case "E_TRAP":
      return trapName(detail) ?? "the module trapped";
    case "E_HOST_FUNCTION":
      return "a host function failed";
    case "E_FUEL":
      return "the call used up its fuel";
    case "E_MEMORY":
      return "the module does not fit its memory limit";
    default:
      return "the guest failed without a message";
  }
}
