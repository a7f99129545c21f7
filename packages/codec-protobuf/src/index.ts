/**
 * Protocol Buffers as the values of calls into Twinwall guests.
 *
 * @module
 */

import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Codec, checkOptionNames, TwinwallError } from "@twinwall/abi";

/** What {@link protobufCodec} takes of a guest. */
export interface ProtobufCodecOptions {
  /** Largest message that is read, bytes. Default: 16 MiB. A call's own limit is `resultBytes`. */
  readonly maxBytes?: number;
}

const DEFAULT_BYTES = 16 * 2 ** 20;

/**
 * The codec of a message type, as protoc-gen-es (version 2) generates it.
 *
 * A message is read strictly: what is cut short, wrongly tagged, or nested more than a hundred deep is refused, and fields
 * that the type does not have are dropped, so that nothing passes through that nobody has looked at.
 *
 * @throws TwinwallError `E_OPTION` for what is no message type, or no number of bytes, and for an unknown option.
 * @example
 * ```ts
 * const user = protobufCodec(UserSchema);
 * const reply = sandbox.callWith(user, "rename", create(UserSchema, { name: "ada" }));
 * ```
 */
export function protobufCodec<Schema extends DescMessage>(
  schema: Schema,
  options: ProtobufCodecOptions = {},
): Codec<MessageShape<Schema>> {
  checkOptionNames("protobufCodec", options, { maxBytes: true });
  const { maxBytes = DEFAULT_BYTES } = options;
  if (schema?.kind !== "message") {
    throw new TwinwallError("E_OPTION", "protobufCodec: expected a message type, such as UserSchema");
  }
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) {
    throw new TwinwallError("E_OPTION", `protobufCodec: maxBytes: ${String(maxBytes)} is no number of bytes`);
  }
  return Object.freeze({
    name: schema.typeName,
    encode: (value: MessageShape<Schema>) => {
      if (value?.$typeName !== schema.typeName) {
        throw new TypeError(`expected a ${schema.typeName}, found ${value?.$typeName ?? typeof value}`);
      }
      return toBinary(schema, value);
    },
    decode: (bytes: Uint8Array) => {
      if (bytes.length > maxBytes) throw new RangeError(`${bytes.length} bytes are more than ${maxBytes}`);
      return fromBinary(schema, bytes, { readUnknownFields: false });
    },
  });
}
