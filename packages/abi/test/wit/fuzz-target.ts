import { TwinwallError } from "../../src/error.js";
import type { HandleType, World } from "../../src/wit/types.js";
import { createValuesCodec, type ResourceBridge, type ValuesCodec } from "../../src/wit/values-codec.js";
import { decodeWorld } from "../../src/wit/world.js";

/** An input: a world, and a frame of the parameters of its first export. */
export interface FuzzInput {
  readonly world: Uint8Array;
  readonly frame: Uint8Array;
}

/** An input as a file: the world's length in four bytes, the world, the frame. */
export function joinInput({ world, frame }: FuzzInput): Uint8Array {
  const bytes = new Uint8Array(4 + world.length + frame.length);
  new DataView(bytes.buffer).setUint32(0, world.length, true);
  bytes.set(world, 4);
  bytes.set(frame, 4 + world.length);
  return bytes;
}

/** The input of a file, of whatever bytes. */
export function splitInput(bytes: Uint8Array): FuzzInput {
  if (bytes.length < 4) return { world: bytes, frame: bytes };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { world: bytes.subarray(4, 4 + length), frame: bytes.subarray(4 + length) };
}

/** What became of an input. */
export type Outcome = "no world" | "no values" | "values";

/**
 * Reads an input as if it came from a guest: whatever it is, it is read or refused. What was read is written again, and
 * means the same.
 *
 * @throws Error When anything else happens.
 */
export function readInput({ world, frame }: FuzzInput): Outcome {
  const codec = refusal("E_BAD_MODULE", () => codecOf(decodeWorld(world)));
  if (codec === undefined) return "no world";
  const values = refusal("E_BAD_REPLY", () => codec.decode(frame, resources));
  if (values === undefined) return "no values";
  const written = codec.encode(values, resources).slice();
  const again = codec.encode(codec.decode(written, resources), resources);
  if (Buffer.compare(written, again) !== 0) throw new Error("what was read is not what was written");
  return "values";
}

function codecOf({ exports: [first] }: World): ValuesCodec | undefined {
  return first && createValuesCodec({ function: first.name, role: "parameter" }, first.parameters);
}

/** What `run` returns; `undefined` for a refusal with that code. */
function refusal<Value>(code: string, run: () => Value): Value | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof TwinwallError && error.code === code) return undefined;
    throw error;
  }
}

class Handle {
  constructor(
    readonly type: HandleType,
    readonly number: number,
  ) {}
}

const resources: ResourceBridge = {
  lower: (_, value) => (value instanceof Handle ? value.number : undefined),
  lift: (type, handle) => new Handle(type, handle),
};
