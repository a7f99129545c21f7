import {
  createValuesCodec,
  decodeWorld,
  type HandleType,
  type ResourceBridge,
  type ValuesCodec,
  type World,
} from "@twinwall/abi";
import { mutate, type Random } from "../mutate.js";
import type { Outcome, Target } from "../target.js";
import { isRefusal } from "../target.js";

/** An input: a world, and a frame of the parameters of its first export. */
interface Input {
  readonly world: Uint8Array;
  readonly frame: Uint8Array;
}

/** An input as a file: the world's length in four bytes, the world, the frame. */
function joinInput({ world, frame }: Input): Uint8Array {
  const bytes = new Uint8Array(4 + world.length + frame.length);
  new DataView(bytes.buffer).setUint32(0, world.length, true);
  bytes.set(world, 4);
  bytes.set(frame, 4 + world.length);
  return bytes;
}

/** The input of a file, of whatever bytes. */
function splitInput(bytes: Uint8Array): Input {
  if (bytes.length < 4) return { world: bytes, frame: bytes };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { world: bytes.subarray(4, 4 + length), frame: bytes.subarray(4 + length) };
}

/** Worlds of compiled modules, and typed values: what was read is written again, and means the same. */
export const values: Target = {
  name: "values",
  reads: "a component's world, and values of its types",
  // A world of 1 MiB of types and its values take about a second.
  mostMilliseconds: 2000,
  damage(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
    const input = splitInput(bytes);
    const donor = splitInput(other);
    const what = random.below(4);
    const world = what === 0 || what === 3 ? mutate(input.world, donor.world, random) : input.world;
    const frame = what > 0 ? mutate(input.frame, donor.frame, random) : input.frame;
    return joinInput({ world, frame });
  },
  run(bytes: Uint8Array): Outcome {
    const { world, frame } = splitInput(bytes);
    const codec = refusal("E_BAD_MODULE", () => codecOf(decodeWorld(world)));
    if (codec === undefined) return "refused";
    const read = refusal("E_BAD_REPLY", () => codec.decode(frame, resources));
    if (read === undefined) return "refused";
    const written = codec.encode(read, resources).slice();
    const again = codec.encode(codec.decode(written, resources), resources);
    if (Buffer.compare(written, again) !== 0) throw new Error("what was read is not what was written");
    return "read";
  },
};

function codecOf({ exports: [first] }: World): ValuesCodec | undefined {
  return first && createValuesCodec({ function: first.name, role: "parameter" }, first.parameters);
}

/** What `run` returns; `undefined` for a refusal with that code. */
function refusal<Value>(code: "E_BAD_MODULE" | "E_BAD_REPLY", run: () => Value): Value | undefined {
  try {
    return run();
  } catch (error) {
    if (isRefusal(error, [code])) return undefined;
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
