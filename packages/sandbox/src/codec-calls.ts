import { type CallCodec, checkOptionNames, show, showName, TwinwallError, t } from "@twinwall/abi";
import { isCallBuffer } from "./buffers.js";
import type { Caller } from "./caller.js";
import { type HostFunction, hostFunction } from "./host-function.js";
import { asOwnError } from "./host-values.js";

/** Options of {@link hostFunctionWith}. */
export interface CodecHostOptions {
  /** One-way, as of {@link hostFunction}: there is no result to encode. Default `false`. */
  readonly deferred?: boolean;
}

/** A call on bytes with a value; `owner` is who calls. */
export function callWith<Into, OutOf>(
  caller: Caller,
  owner: object,
  codec: CallCodec<Into, OutOf>,
  name: string,
  value: Into,
): OutOf {
  const subject = `function ${showName(name)}`;
  const output = caller.callBytes(owner, name, encodeWith(codec, subject, value));
  return readReply(caller, owner, codec, subject, output);
}

/** The same on a thread of its own. */
export async function callWithAsync<Into, OutOf>(
  caller: Caller,
  owner: object,
  codec: CallCodec<Into, OutOf>,
  name: string,
  value: Into,
  signal: AbortSignal | undefined,
): Promise<OutOf> {
  const subject = `function ${showName(name)}`;
  const output = await caller.callAsync(owner, name, encodeWith(codec, subject, value), signal);
  return readReply(caller, owner, codec, subject, output as Uint8Array);
}

/** A guest whose reply cannot be read does not keep to the rules: a session with it is over. */
function readReply<OutOf>(
  caller: Caller,
  owner: object,
  codec: CallCodec<never, OutOf>,
  subject: string,
  output: Uint8Array,
): OutOf {
  try {
    return decodeWith(codec, subject, output);
  } catch (error) {
    caller.abandon(owner, TwinwallError.from(error));
    throw error;
  }
}

/**
 * Bytes of a value that goes into the guest.
 *
 * @throws TwinwallError `E_TYPE` when the codec cannot write it.
 */
function encodeWith<Into>(codec: CallCodec<Into, unknown>, subject: string, value: Into): Uint8Array {
  let bytes: unknown;
  try {
    bytes = codec.encode(value);
  } catch (error) {
    throw new TwinwallError(
      "E_TYPE",
      `${subject}: ${nameOf(codec)} cannot write the value: ${textOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (isCallBuffer(bytes)) return bytes;
  throw new TwinwallError("E_TYPE", `${subject}: ${nameOf(codec)} wrote ${show(bytes)}, not a Uint8Array`);
}

/**
 * The value of bytes that came out of the guest.
 *
 * @throws TwinwallError `E_BAD_REPLY` when the codec cannot read them.
 */
function decodeWith<OutOf>(codec: CallCodec<never, OutOf>, subject: string, bytes: Uint8Array): OutOf {
  try {
    return codec.decode(bytes);
  } catch (error) {
    const text = `${subject}: ${nameOf(codec)} cannot read what the guest sent: ${textOf(error)}`;
    throw new TwinwallError("E_BAD_REPLY", text, { cause: error });
  }
}

/**
 * Declares a host function on values: the codec reads what the guest passes, and writes what the function returns. Bytes
 * that it cannot read end the call with `E_BAD_REPLY`, a value that it cannot write with `E_TYPE`.
 *
 * @example
 * ```ts
 * const lookup = hostFunctionWith(json, ({ word }) => ({ found: words.has(word) }));
 * ```
 */
export function hostFunctionWith<Into, OutOf>(
  codec: CallCodec<Into, OutOf>,
  implementation: (value: OutOf) => Into | PromiseLike<Into>,
  options: CodecHostOptions = {},
): HostFunction {
  checkOptionNames("hostFunctionWith", options, { deferred: true });
  const { deferred = false } = options;
  if (typeof implementation !== "function") {
    throw new TwinwallError("E_OPTION", "hostFunctionWith: the second argument is no function");
  }
  const subject = "host function";
  const read = (bytes: Uint8Array): OutOf =>
    owned(() => decodeWith(codec as CallCodec<never, OutOf>, subject, bytes));
  if (deferred) {
    return hostFunction({ params: [t.bytes], deferred }, (bytes) => implementation(read(bytes)));
  }
  return hostFunction({ params: [t.bytes], result: t.bytes }, (bytes) => {
    const value = implementation(read(bytes));
    const write = (one: Into): Uint8Array => owned(() => encodeWith(codec, subject, one));
    return isPromise(value) ? Promise.resolve(value).then(write) : write(value);
  });
}

/** What the codec says is wrong is not the host function's failure. */
function owned<Value>(attempt: () => Value): Value {
  try {
    return attempt();
  } catch (error) {
    throw asOwnError(TwinwallError.from(error));
  }
}

function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function nameOf(codec: { readonly name?: string }): string {
  return codec.name === undefined ? "the codec" : `the codec ${showName(codec.name)}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : show(error);
}
