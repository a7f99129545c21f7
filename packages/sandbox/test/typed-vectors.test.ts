import { readFileSync } from "node:fs";
import { createValuesCodec, type WitType } from "@twinwall/abi";
import { describe, expect, it } from "vitest";
import { Sandbox } from "../src/index.js";
import { component } from "./support/components.js";
import { echoComponent } from "./support/echo-component.js";
import { machine, needsMachine } from "./support/machine.js";

needsMachine();

interface Vector {
  readonly about: string;
  readonly type: WitType;
  readonly image: string;
}
const { good } = JSON.parse(
  readFileSync(new URL("../../abi/vectors/values.json", import.meta.url), "utf8"),
) as { good: Vector[] };

/** Bytes in front of an image. */
const HEAD_BYTES = 32;

function framed(image: string): Uint8Array {
  const bytes = Buffer.from(image, "hex");
  const frame = new Uint8Array(HEAD_BYTES + bytes.length);
  // The head is always the same, but for the length.
  frame.set(createValuesCodec({ function: "f", role: "parameter" }, []).encode([]));
  new DataView(frame.buffer).setUint32(HEAD_BYTES - 4, bytes.length, true);
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

// The guest's side is not ours: it takes apart and puts together what the vectors hold by the component's own types.
describe("values of the vectors come back from a component", async () => {
  const module = await component(echoComponent(good.map(({ type }) => type)));

  it("all of them", async () => {
    await using sandbox = await Sandbox.create({ module, machine });
    for (const [index, { about, type, image }] of good.entries()) {
      const codec = createValuesCodec({ function: about, role: "parameter" }, [{ name: "value", type }]);
      const [value] = codec.decode(framed(image));
      expect(sandbox.call(`echo${index}`, value), about).toEqual(value);
    }
  });
});
