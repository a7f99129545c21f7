import { errorNumbers, GateOperation, TwinwallError } from "@twinwall/abi";
import { fuelRate } from "./budget.js";
import { answer } from "./exchange.js";
import type { SoftImage } from "./image.js";
import { SoftInstance } from "./instance.js";
import { ReportWord, readLong } from "./mailbox.js";
import { planMemory } from "./plan.js";

// A host's engine compiles a function well only after it has run hot, and the one that matters is the interpreter's
// loop: a long first call would stay in slow code to its end, and a rate that was measured there would be too low
// later, so that calls would be stopped before their time. So each image runs an idle loop in short pieces first.

/** Rounds of one piece: a millisecond and a half of good code. */
const PIECE = 200_000;

/** A piece that takes no more than this share of the first is one of good code. */
const GOOD = 0.6;

/** Longest time that is spent, milliseconds. */
const LONGEST = 100;

/** How much faster code may still become where it did not within that time. */
const HEADROOM = 3;

const warmed = new WeakSet<WebAssembly.Module>();

/** Warms an image up, once in a process, and learns how much this host burns. */
export function warmUp(image: SoftImage): void {
  if (warmed.has(image.module)) return;
  const run = idleLoop(image);
  // The first piece is that of compiling at all.
  run();
  const begun = performance.now();
  const first = run();
  let last = first;
  while (last > first * GOOD && performance.now() - begun < LONGEST) last = run();
  const microseconds = Math.min(last, run()) * 1000;
  const headroom = last > first * GOOD ? HEADROOM : 1;
  fuelRate.learn(PIECE * 3 * headroom, microseconds);
  warmed.add(image.module);
}

/** A function that runs one piece and says how long that took, milliseconds. */
function idleLoop(image: SoftImage): () => number {
  const needs = { attachments: [], memoryBytes: 65_536, memories: 0, outputBytes: 0 };
  const instance = new SoftInstance(image, planMemory(needs), planMemory(needs).memories, 0);
  instance.onGate = () => serveGrowth(instance);
  return () => {
    const start = performance.now();
    if (instance.warm(PIECE) === 0) throw new TwinwallError("E_INTERNAL", "the image's idle loop failed");
    return performance.now() - start;
  };
}

/** All that the loop asks for is room for its bytecode. */
function serveGrowth(instance: SoftInstance): void {
  const { words } = instance;
  const address = readLong(words, ReportWord.GrowAddress);
  const end =
    words[ReportWord.Operation] === GateOperation.Grow
      ? instance.grow(address, readLong(words, ReportWord.GrowLength))
      : undefined;
  if (end === undefined) answer(instance, errorNumbers.E_MEMORY, 0, 0);
  else answer(instance, 0, address, end - address);
}
