import {
  checkOptionNames,
  type OptionNames,
  showSignature,
  TwinwallError,
  t,
  type ValueOf,
  type ValueType,
} from "@twinwall/abi";

/** How a host function is imported. */
export interface HostFunctionDeclaration<
  Parameters extends readonly ValueType[] = readonly ValueType[],
  Result extends ValueType | undefined = ValueType | undefined,
> {
  /** Types of the parameters. A function on bytes has exactly one, `t.bytes`. */
  readonly params: Parameters;
  /** Type of the result; none by default. A function on bytes has `t.bytes`, or none for an empty result. */
  readonly result?: Result;
  /**
   * One-way: the guest goes on at once, the host function runs at the guest's next exit, in order, and has no result.
   * Costs no exit of its own. Default `false`.
   */
  readonly deferred?: boolean;
}

/** What TypeScript passes to a host function with these parameters. */
export type HostArguments<Parameters extends readonly ValueType[]> = {
  [Index in keyof Parameters]: ValueOf<Parameters[Index]>;
};

/** What a host function with this result must return. */
export type HostResult<Result> = Result extends ValueType ? ValueOf<Result> : unknown;

/** A host function with its declaration. Make it with {@link hostFunction}. */
export interface HostFunction {
  readonly shape: "bytes" | "scalars";
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly deferred: boolean;
  readonly implementation: (...values: never[]) => unknown;
}

/**
 * Declares a function of the host that a guest may import as `twinwall` `NAME`.
 *
 * It runs on the caller's thread while the guest waits, inside the call's deadline. In `callAsync` it may return a
 * promise, for which the guest waits; in synchronous calls that is `E_TYPE`. A function that throws ends the call with
 * `E_HOST_FUNCTION`, its error as `cause`; the text does not enter the guest.
 *
 * @throws TwinwallError `E_OPTION` when the declaration makes no sense.
 * @example
 * ```ts
 * const add = hostFunction({ params: [t.i32, t.i32], result: t.i32 }, (a, b) => a + b);
 * const upper = hostFunction({ params: [t.bytes], result: t.bytes }, (input) => input.map((byte) => byte & 0xdf));
 * const log = hostFunction({ params: [t.bytes], deferred: true }, (line) => void lines.push(line));
 * ```
 */
export function hostFunction<
  const Parameters extends readonly ValueType[],
  Result extends ValueType | undefined = undefined,
>(
  declaration: HostFunctionDeclaration<Parameters, Result>,
  implementation: (
    ...values: HostArguments<Parameters>
  ) => HostResult<Result> | PromiseLike<HostResult<Result>>,
): HostFunction {
  checkDeclaration(declaration);
  const { params, result, deferred = false } = declaration;
  if (typeof implementation !== "function") {
    throw new TwinwallError("E_OPTION", "hostFunction: the second argument is no function");
  }
  return Object.freeze({
    shape: params.some(isBytes) ? "bytes" : "scalars",
    params: Object.freeze([...params]),
    result,
    deferred,
    implementation: implementation as (...values: never[]) => unknown,
  });
}

const known: OptionNames<HostFunctionDeclaration> = { params: true, result: true, deferred: true };

function checkDeclaration(declaration: HostFunctionDeclaration): void {
  checkOptionNames("hostFunction", declaration, known);
  const { params, result, deferred } = declaration;
  if (!Array.isArray(params) || !params.every(isType)) {
    throw new TwinwallError("E_OPTION", "hostFunction: params must be a list of types such as t.i32");
  }
  if (result !== undefined && !isType(result)) {
    throw new TwinwallError("E_OPTION", "hostFunction: result must be a type such as t.i32");
  }
  if (deferred && result !== undefined) {
    throw new TwinwallError("E_OPTION", "hostFunction: a deferred function is one-way and has no result");
  }
  const onBytes = params.some(isBytes);
  const resultFits = result === undefined || isBytes(result) === onBytes;
  if ((onBytes && params.length !== 1) || !resultFits) {
    const signature = showSignature(
      params.map((type) => type.name),
      result === undefined ? [] : [result.name],
    );
    throw new TwinwallError(
      "E_OPTION",
      `hostFunction: ${signature} mixes bytes and scalars; a function on bytes is (bytes) -> bytes`,
    );
  }
}

function isBytes(type: ValueType): boolean {
  return type === t.bytes || type.name === "bytes";
}

function isType(value: unknown): value is ValueType {
  return (
    typeof value === "object" && value !== null && "accepts" in value && "core" in value && "name" in value
  );
}
