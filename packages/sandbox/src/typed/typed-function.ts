import {
  createValuesCodec,
  type ResourceBridge,
  show,
  TwinwallError,
  type ValuesCodec,
  type WitType,
  type WorldFunction,
} from "@twinwall/abi";
import { fullName } from "./names.js";

/** Types by which a function may be told from the outside to need a session. */
function holdsGuestResource(type: WitType | undefined): boolean {
  switch (type?.kind) {
    case "own":
      return !type.resource.imported;
    case "list":
      return holdsGuestResource(type.element);
    case "option":
      return holdsGuestResource(type.value);
    case "result":
      return holdsGuestResource(type.ok) || holdsGuestResource(type.error);
    case "tuple":
      return type.items.some(holdsGuestResource);
    case "record":
      return type.fields.some((field) => holdsGuestResource(field.type));
    case "variant":
      return type.cases.some((one) => holdsGuestResource(one.type));
    default:
      return false;
  }
}

/** A typed function of a component: how its values are read and written. Codecs are made when they are first needed. */
export class TypedFunction {
  /** `docs:calc/ops@0.1.0#add`. */
  readonly fullName: string;
  /** Whether its result holds a resource of the guest's, which lives in a session. */
  readonly returnsResource: boolean;
  #parameters: ValuesCodec | undefined;
  #result: ValuesCodec | undefined;

  constructor(readonly declared: WorldFunction) {
    this.fullName = fullName(declared);
    this.returnsResource = holdsGuestResource(declared.result);
  }

  /** Codec of the parameters. */
  get parameters(): ValuesCodec {
    this.#parameters ??= createValuesCodec({ ...this.#owner(), role: "parameter" }, this.declared.parameters);
    return this.#parameters;
  }

  /** Codec of the result: one value, or none. */
  get result(): ValuesCodec {
    const { result } = this.declared;
    const items = result === undefined ? [] : [{ name: "result", type: result }];
    this.#result ??= createValuesCodec({ ...this.#owner(), role: "result" }, items);
    return this.#result;
  }

  /**
   * What a call comes to: its value, or a {@link GuestResultError} where WIT has a `result` and it is an error.
   *
   * @param length Bytes of the frame, at the start of `frame`.
   * @throws TwinwallError `E_BAD_REPLY` for a malformed frame.
   */
  readResult(frame: Uint8Array, length: number, resources: ResourceBridge | undefined): unknown {
    const value = this.result.decode(frame, resources, length)[0];
    if (this.declared.result?.kind !== "result") return value;
    const { tag, val } = value as { tag: "ok" | "err"; val: unknown };
    return tag === "ok" ? val : new GuestResultError(this.fullName, val);
  }

  #owner(): { interfaceName: string | undefined; function: string } {
    return { interfaceName: this.declared.interfaceName, function: this.declared.name };
  }
}

/** A result that is an error: nothing is wrong with the guest. */
export class GuestResultError {
  /** What whoever called is told: the error is its `payload`. */
  readonly error: TwinwallError;

  constructor(name: string, payload: unknown) {
    const text = `${name} returned an error: ${showPayload(payload)}`;
    this.error = new TwinwallError("E_GUEST_ERROR", text, { payload });
  }
}

/** Shows an error's value: text and cases as they are, records by what they hold. */
function showPayload(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  try {
    const text = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}` : part));
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return show(value);
  }
}
