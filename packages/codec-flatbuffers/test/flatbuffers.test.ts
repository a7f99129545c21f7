import { readFileSync } from "node:fs";
import { Builder } from "flatbuffers";
import { describe, expect, it } from "vitest";
import { flatbuffersCodec } from "../src/index.js";
import { BallT } from "./generated/shop/ball.js";
import { BoxT } from "./generated/shop/box.js";
import { Color } from "./generated/shop/color.js";
import { Order, OrderT } from "./generated/shop/order.js";
import { PointT } from "./generated/shop/point.js";
import { Shape } from "./generated/shop/shape.js";
import { TagT } from "./generated/shop/tag.js";

const schema = new Uint8Array(readFileSync(new URL("generated/shop.bfbs", import.meta.url)));
const options = {
  schema,
  read: (buffer: Parameters<typeof Order.getRootAsOrder>[0]) => Order.getRootAsOrder(buffer).unpack(),
  write: (builder: Builder, order: OrderT) => order.pack(builder),
};
const orders = flatbuffersCodec(options);

function order(depth: number): OrderT {
  const made = new OrderT(2n ** 63n, "größer", Color.Blue, new PointT(0.5, 1 / 3));
  made.tags = [new TagT("one"), new TagT("two")];
  made.words = ["a", "", "ccc"];
  made.data = [1, 2, 255];
  made.numbers = [0.5, -1];
  made.points = [new PointT(1, 2), new PointT(3, 4)];
  made.shapeType = Shape.Box;
  made.shape = new BoxT(new PointT(5, 6));
  made.shapesType = [Shape.Ball, Shape.Box];
  made.shapes = [new BallT(7), new BoxT(new PointT(8, 9))];
  made.next = depth > 1 ? order(depth - 1) : null;
  return made;
}

/** A deterministic generator, so that a failure can be seen again. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe("flatbuffersCodec", () => {
  it("writes and reads messages, one builder for all of them", () => {
    expect(orders.name).toBe("shop.Order");
    for (const depth of [1, 3, 1]) expect(orders.decode(orders.encode(order(depth)))).toEqual(order(depth));
    const marked = flatbuffersCodec({ ...options, identifier: "ORDR" });
    const bytes = marked.encode(order(1));
    expect(String.fromCharCode(...bytes.subarray(4, 8))).toBe("ORDR");
    expect(marked.decode(bytes)).toEqual(order(1));
  });

  it("refuses what is cut short", () => {
    const bytes = orders.encode(order(2)).slice();
    // At the end there may be padding.
    for (let end = 0; end < bytes.length - 8; end += 3)
      expect(() => orders.decode(bytes.subarray(0, end))).toThrow(RangeError);
  });

  it("refuses a message that lacks what it must have", () => {
    const builder = new Builder(64);
    Order.startOrder(builder);
    Order.addId(builder, 1n);
    // Not by the generated code, which would not write it.
    builder.finish(builder.endObject());
    expect(() => orders.decode(builder.asUint8Array())).toThrow("shop.Order lacks its field name");
  });

  it("refuses more depth, tables and bytes than it may have", () => {
    const deep = orders.encode(order(20)).slice();
    expect(() => flatbuffersCodec({ ...options, maxDepth: 20 }).decode(deep)).toThrow(
      "nested more than 20 deep",
    );
    expect(() => flatbuffersCodec({ ...options, maxTables: 30 }).decode(deep)).toThrow("more than 30 tables");
    expect(() => flatbuffersCodec({ ...options, maxApparentBytes: 1000 }).decode(deep)).toThrow(
      "more than 1000 bytes",
    );
  });

  it("refuses or reads what was damaged, and nothing else", { timeout: 60_000 }, () => {
    const random = randomNumbers(1);
    const good = orders.encode(order(3)).slice();
    let refused = 0;
    for (let round = 0; round < 10_000; round++) {
      const bytes = good.slice();
      for (let change = 0; change <= random(3); change++) bytes[random(bytes.length)] = random(256);
      try {
        orders.decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it("refuses a schema that claims more tables than it has bytes", () => {
    const damaged = schema.slice();
    const view = new DataView(damaged.buffer);
    // Each number that may be the length of the vector of objects or fields.
    for (let at = 8; at + 4 <= damaged.length; at += 4) {
      const kept = view.getUint32(at, true);
      view.setUint32(at, 0x7fff_ffff, true);
      try {
        flatbuffersCodec({ ...options, schema: damaged });
      } catch (error) {
        expect(String(error)).toContain("E_OPTION: flatbuffersCodec: schema: ");
      }
      view.setUint32(at, kept, true);
    }
  });

  it("refuses options that it does not know", () => {
    expect(() => flatbuffersCodec({ ...options, maxTable: 1 } as never)).toThrow(
      'E_OPTION: flatbuffersCodec: unknown option "maxTable"; known are schema, root, read, write, identifier, ',
    );
  });

  it("refuses a schema that is none, or lacks the table", () => {
    expect(() => flatbuffersCodec({ ...options, schema: new Uint8Array(20) })).toThrow(
      "E_OPTION: flatbuffersCodec: schema: ",
    );
    expect(() => flatbuffersCodec({ ...options, root: "shop.Absent" })).toThrow(
      "it has no table shop.Absent",
    );
    expect(flatbuffersCodec({ ...options, root: "shop.Tag" }).name).toBe("shop.Tag");
  });
});
