import {
  type BootHostFunction,
  isResultError,
  TwinwallError,
  type WorldFunction,
  type WorldResource,
} from "@twinwall/abi";
import { isThenable } from "../host-values.js";
import { hostFunctionError, type NamedHostFunction } from "../imports.js";
import type { ResourceScope } from "./resources.js";
import { TypedFunction } from "./typed-function.js";

const nothing = new Uint8Array(0);

/** The resources of whatever call runs now. */
export interface CurrentScope {
  scope: ResourceScope;
}

/** What a host function's error is for a guest that gets a `result`. */
class Failed {
  constructor(readonly payload: unknown) {}
}

/** A host function that a component imports. */
export class TypedHostFunction implements NamedHostFunction {
  readonly name: string;
  readonly deferred = false;
  readonly boot: BootHostFunction;
  readonly #typed: TypedFunction;

  /**
   * @param implementation Gets the values of the parameters; of a method, the resource first.
   */
  constructor(
    declared: WorldFunction,
    private readonly implementation: (...values: unknown[]) => unknown,
    private readonly current: CurrentScope,
  ) {
    this.#typed = new TypedFunction(declared);
    this.name = this.#typed.fullName;
    this.boot = {
      name: declared.name,
      shape: "typed",
      deferred: false,
      parameters: [],
      results: [],
      interfaceName: declared.interfaceName,
    };
  }

  invoke(input: Uint8Array): unknown {
    const values = this.#typed.parameters.decode(input, this.current.scope);
    try {
      return this.implementation(...values);
    } catch (error) {
      return this.recover(error);
    }
  }

  recover(error: unknown): Failed {
    if (isResultError(error) && this.#typed.declared.result?.kind === "result")
      return new Failed(error.payload);
    throw hostFunctionError(this.name, error);
  }

  answer(value: unknown): Uint8Array {
    const { scope } = this.current;
    const { result } = this.#typed.declared;
    try {
      if (isThenable(value)) throw this.#promise(value);
      if (result === undefined) return this.#nothing(value);
      if (value instanceof Failed)
        return this.#typed.result.encode([{ tag: "err", val: value.payload }], scope);
      const whole = result.kind === "result" ? { tag: "ok", val: value } : value;
      return this.#typed.result.encode([whole], scope);
    } finally {
      scope.commit();
      scope.endHostCall();
    }
  }

  /** Nobody would get what such a function returns: that is no mistake in JavaScript. */
  #nothing(_: unknown): Uint8Array {
    return this.#typed.result.encode([]);
  }

  #promise(value: PromiseLike<unknown>): TwinwallError {
    // Its failure would otherwise end the process as an unhandled rejection.
    value.then(undefined, () => {});
    return new TwinwallError(
      "E_TYPE",
      `host function "${this.name}": expected a synchronous function, found one that returns a promise; callAsync waits for it`,
    );
  }
}

/** What the guest runtime calls when the guest drops a resource of the host's. */
export class ResourceDrop implements NamedHostFunction {
  readonly name: string;
  readonly deferred = false;
  readonly boot: BootHostFunction;

  constructor(
    private readonly resource: WorldResource,
    private readonly current: CurrentScope,
  ) {
    const { name, interfaceName } = resource;
    this.name = name;
    this.boot = { name, shape: "resource", deferred: false, parameters: [], results: [], interfaceName };
  }

  invoke(input: Uint8Array): undefined {
    if (input.length !== 4)
      throw new TwinwallError("E_BAD_REPLY", "a dropped resource has a number of four bytes");
    const view = new DataView(input.buffer, input.byteOffset, 4);
    this.current.scope.drop(this.resource, view.getUint32(0, true));
    return undefined;
  }

  recover(error: unknown): never {
    throw error;
  }

  answer(): Uint8Array {
    return nothing;
  }
}
