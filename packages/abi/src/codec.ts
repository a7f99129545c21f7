/**
 * Writes values of one type as bytes, and reads them back: one's own format over the byte vector of a call.
 *
 * @example
 * ```ts
 * const numbers = {
 *   name: "numbers",
 *   encode: (values) => Uint8Array.from(values),
 *   decode: (bytes) => Array.from(bytes),
 * };
 * numbers.decode(numbers.encode([1, 2, 3])); // => [1, 2, 3]
 * ```
 */
export interface Codec<Value> {
  /** Stands in error messages. */
  readonly name: string;
  /**
   * Writes a value. The bytes are used before anything else is encoded, so they may lie in a buffer that the next call
   * of `encode` overwrites.
   *
   * @throws Anything, for what it cannot write; the call is `E_TYPE` then.
   */
  encode(value: Value): Uint8Array;
  /**
   * Reads a value from bytes that nobody vouches for: they are a guest's. They are the reader's own, and the value may keep
   * them.
   *
   * @throws Anything, for what it cannot read; the call is `E_BAD_REPLY` then.
   */
  decode(bytes: Uint8Array): Value;
}

/**
 * What goes into a guest as bytes and what comes out of it, where the types differ. A {@link Codec} is one whose types are
 * the same.
 */
export interface CallCodec<Into, OutOf> {
  /** Stands in error messages. Default: none. */
  readonly name?: string;
  /** Writes what goes into the guest; as {@link Codec.encode}. */
  encode(value: Into): Uint8Array;
  /** Reads what comes out of the guest; as {@link Codec.decode}. */
  decode(bytes: Uint8Array): OutOf;
}

/**
 * Puts two codecs together: for a call, that of its argument and that of its result; for a host function, that of its
 * result, which goes into the guest, and that of its argument.
 *
 * @example
 * ```ts
 * const text = { name: "text", encode: (value) => new TextEncoder().encode(value), decode: String };
 * const length = { name: "length", encode: (value) => Uint8Array.of(value), decode: (bytes) => bytes.length };
 * const pair = codecPair(text, length);
 * pair.name; // => "text, length"
 * pair.decode(pair.encode("four")); // => 4
 * ```
 */
export function codecPair<Into, OutOf>(into: Codec<Into>, outOf: Codec<OutOf>): CallCodec<Into, OutOf> {
  return Object.freeze({
    name: `${into.name}, ${outOf.name}`,
    encode: (value: Into) => into.encode(value),
    decode: (bytes: Uint8Array) => outOf.decode(bytes),
  });
}
