// The compiler reads modules, components, the `component-type` sections of modules, and WIT.
import { createCompiler, describeWit } from "@twinwall/compiler";
import { mutate, type Random } from "../mutate.js";
import { isRefusal, type Outcome, type Target } from "../target.js";

/** Compiles for all targets. */
export const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false });

/** Refusals that speak of the input; a fault, a panic or a deadline does not. */
const codes = ["E_BAD_MODULE", "E_UNSUPPORTED", "E_LIMIT"] as const;

async function outcomeOf(job: Promise<unknown>): Promise<Outcome> {
  try {
    await job;
    return "read";
  } catch (error) {
    if (isRefusal(error, codes)) return "refused";
    throw error;
  }
}

/** Where the sections of a module begin: after the mark, then each after the one before. */
function sections(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 8; at + 1 < bytes.length; ) {
    starts.push(at);
    let [length, shift] = [0, 0];
    at += 1;
    for (let byte = 0x80; byte >= 0x80 && shift < 35; shift += 7) {
      byte = bytes[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
    }
    at += length;
  }
  return starts;
}

/** Damages behind the mark: half of the time anywhere, half of the time in the last section. */
function damageSections(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const starts = sections(bytes);
  const from = random.below(2) === 0 ? 8 : (starts.at(-1) ?? 8);
  const behind = mutate(bytes.slice(from), other.slice(8), random);
  const damaged = new Uint8Array(from + behind.length);
  damaged.set(bytes.subarray(0, from));
  damaged.set(behind, from);
  return damaged;
}

/** Modules with a `component-type` section, which is their last one, and components. */
export const modules: Target = {
  name: "module",
  reads: "modules, their component-type section, components",
  mostMilliseconds: 30_000,
  share: 10,
  damage: damageSections,
  run: (bytes) => outcomeOf(compiler.compile(bytes, { machine: "soft", fuel: false })),
};

export const wit: Target = {
  name: "wit",
  reads: "worlds written in WIT",
  mostMilliseconds: 30_000,
  share: 10,
  run: (bytes) => outcomeOf(describeWit({ "world.wit": new TextDecoder().decode(bytes) })),
};

/** Ends the compiler's Worker. */
export function closeCompiler(): Promise<void> {
  return compiler.close();
}
