import { readFileSync } from "node:fs";
import { flatbuffersCodec } from "@twinwall/codec-flatbuffers";
import type { Builder, ByteBuffer } from "flatbuffers";
import { packages } from "../files.js";
import { Order, type OrderT } from "../generated/shop/order.js";
import { type Outcome, readsOrRefuses, type Target } from "../target.js";

const schema = new Uint8Array(readFileSync(new URL("codec-flatbuffers/test/generated/shop.bfbs", packages)));
const access = {
  read: (buffer: ByteBuffer) => Order.getRootAsOrder(buffer).unpack(),
  write: (builder: Builder, order: OrderT) => order.pack(builder),
};
const orders = flatbuffersCodec({ schema, ...access });

/** What the verifier lets through is read by code that checks nothing. */
export const flatbuffers: Target = {
  name: "flatbuffers",
  reads: "messages of codec-flatbuffers",
  run(bytes): Outcome {
    try {
      orders.decode(bytes);
      return "read";
    } catch (error) {
      if (error instanceof RangeError && /^(?!Offset is outside|Invalid typed array)/.test(error.message)) {
        return "refused";
      }
      throw error;
    }
  },
};

export const flatbuffersSchema: Target = {
  name: "flatbuffers-schema",
  reads: "binary schemas of codec-flatbuffers",
  run: readsOrRefuses(["E_OPTION"], (bytes) => void flatbuffersCodec({ schema: bytes, ...access })),
};
