import {
  readSlot,
  type ScalarKind,
  type ScalarValue,
  show,
  showName,
  TwinwallError,
  t,
  writeSlot,
} from "@twinwall/abi";
import { scalarKinds, type TargetFunction } from "./functions.js";

/**
 * Writes the arguments of a scalar call into the function's slots.
 *
 * @throws TwinwallError `E_TYPE` naming function, parameter, what is expected and what was found.
 */
export function writeArguments(target: TargetFunction, values: readonly unknown[]): void {
  const kinds = scalarKinds(target.parameters);
  if (values.length !== kinds.length) {
    throw new TwinwallError(
      "E_TYPE",
      `function ${showName(target.name)}: expected ${count(kinds.length)} (${kinds.join(", ")}), found ${values.length}`,
    );
  }
  const view = target.slots.inputView;
  for (let index = 0; index < kinds.length; index += 1) {
    const kind = kinds[index] as ScalarKind;
    const value = values[index];
    if (!t[kind].accepts(value)) throw typeError(target.name, index, kind, value);
    writeSlot(view, index, kind, value);
  }
}

/** @throws TwinwallError `E_BAD_REPLY` when results have another number of bytes than their types. */
export function checkResultBytes(target: TargetFunction, length: number): void {
  const expected = target.slots.output.length;
  if (length === expected) return;
  throw new TwinwallError(
    "E_BAD_REPLY",
    `function ${showName(target.name)} answered with ${length} bytes of results, not ${expected}`,
  );
}

/** Reads the results of a scalar call: nothing, a value, or a list of several. */
export function readResults(target: TargetFunction): ScalarValue | ScalarValue[] | undefined {
  const kinds = scalarKinds(target.results);
  const view = target.slots.outputView;
  if (kinds.length === 0) return undefined;
  if (kinds.length === 1) return readSlot(view, 0, kinds[0] as ScalarKind);
  return kinds.map((kind, index) => readSlot(view, index, kind));
}

function typeError(name: string, index: number, kind: ScalarKind, value: unknown): TwinwallError {
  return new TwinwallError(
    "E_TYPE",
    `function ${showName(name)}, parameter ${index + 1}: expected ${kind} (${t[kind].expected}), found ${show(value)}`,
  );
}

function count(parameters: number): string {
  return parameters === 1 ? "1 argument" : `${parameters} arguments`;
}
