import { parentPort, workerData } from "node:worker_threads";
import { type MachineName, Sandbox } from "@twinwall/sandbox";
import { soakHost } from "./host.js";
import { Mix } from "./mix.js";

/** How a Worker ends: with nothing under way, or with endless calls under way, by itself or by another's hand. */
export const ENDINGS = ["close", "exit", "terminate"] as const;
export type Ending = (typeof ENDINGS)[number];

/** What a Worker is started with. */
export interface WorkerOrder {
  readonly machine: MachineName;
  /** Where its sandboxes start from. */
  readonly snapshot: Uint8Array;
  /** Calls of the mix. */
  readonly calls: number;
  readonly ending: Ending;
}

/** What a Worker says: that its calls were right, and then that it may be ended. */
export type WorkerWord = "done" | "under way";

/** Endless calls that are under way when a Worker ends. */
const UNDER_WAY = 3;
/** When a Worker that ends by itself does so, milliseconds: its calls have begun by then, or are about to. */
const EXIT_MS = 3;

/** Does what the Worker was started for. */
export async function work(): Promise<void> {
  const { machine, snapshot, calls, ending } = workerData as WorkerOrder;
  const options = { machine, host: soakHost() } as const;
  {
    using mix = await Mix.open((limits) => Sandbox.from(snapshot, { ...options, limits }));
    await mix.run(calls);
  }
  say("done");
  if (ending === "close") return;
  for (let call = 0; call < UNDER_WAY; call += 1) {
    const sandbox = await Sandbox.from(snapshot, { ...options, limits: { deadline: "60s" } });
    sandbox.callAsync("forever", []).catch(() => undefined);
  }
  say("under way");
  if (ending === "exit") setTimeout(() => process.exit(0), EXIT_MS);
}

function say(word: WorkerWord): void {
  parentPort?.postMessage(word);
}
