/**
 * FlatBuffers as the values of calls into Twinwall guests, verified before they are read.
 *
 * @module
 */

import { type Codec, checkOptionNames, type OptionNames, TwinwallError } from "@twinwall/abi";
import { Builder, ByteBuffer, type Offset } from "flatbuffers";
import { readSchema, type Schema } from "./schema.js";
import { verify } from "./verifier.js";

/** How a message type is read and written. */
export interface FlatbuffersCodecOptions<Value> {
  /** The binary schema, as `flatc --binary --schema` writes it (`.bfbs`): messages are verified against it. */
  readonly schema: Uint8Array;
  /** Full name of the table that messages are, such as `shop.Order`. Default: the schema's root type. */
  readonly root?: string;
  /** Reads a message that was verified: `(buffer) => Order.getRootAsOrder(buffer).unpack()`. */
  readonly read: (buffer: ByteBuffer) => Value;
  /** Writes a message's root table: `(builder, order) => order.pack(builder)`. The builder is used again for the next. */
  readonly write: (builder: Builder, value: Value) => Offset;
  /** Four characters that the message is marked with. Default: none. */
  readonly identifier?: string;
  /** Deepest nesting of tables. Default: 64. */
  readonly maxDepth?: number;
  /** Most tables of a message, those that are referred to again counted again. Default: 1,000,000. */
  readonly maxTables?: number;
  /** Most bytes of all that a message refers to, counted likewise. Default: 64 MiB. */
  readonly maxApparentBytes?: number;
}

const known: OptionNames<FlatbuffersCodecOptions<unknown>> = {
  schema: true,
  root: true,
  read: true,
  write: true,
  identifier: true,
  maxDepth: true,
  maxTables: true,
  maxApparentBytes: true,
};

/**
 * The codec of a table, with the code that flatc generates for it.
 *
 * @throws TwinwallError `E_OPTION` for a schema that is none, and for an unknown option.
 * @example
 * ```ts
 * const orders = flatbuffersCodec({
 *   schema: readFileSync("shop.bfbs"),
 *   read: (buffer) => Order.getRootAsOrder(buffer).unpack(),
 *   write: (builder, order) => order.pack(builder),
 * });
 * const reply = sandbox.callWith(orders, "price", new OrderT(7n, "ada"));
 * ```
 */
export function flatbuffersCodec<Value>(options: FlatbuffersCodecOptions<Value>): Codec<Value> {
  checkOptionNames("flatbuffersCodec", options, known);
  const { read, write, identifier, maxDepth = 64, maxTables = 1_000_000 } = options;
  const schema = parseSchema(options.schema, options.root);
  const limits = {
    depth: maxDepth,
    tables: maxTables,
    apparentBytes: options.maxApparentBytes ?? 64 * 2 ** 20,
  };
  const builder = new Builder(1024);
  return Object.freeze({
    name: schema.root.name,
    encode: (value: Value) => {
      builder.clear();
      builder.finish(write(builder, value), identifier);
      return builder.asUint8Array();
    },
    decode: (bytes: Uint8Array) => {
      verify(schema, bytes, limits);
      return read(new ByteBuffer(bytes));
    },
  });
}

function parseSchema(schema: Uint8Array, root: string | undefined): Schema {
  try {
    return readSchema(schema, root);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new TwinwallError("E_OPTION", `flatbuffersCodec: schema: ${text}`, { cause: error });
  }
}
