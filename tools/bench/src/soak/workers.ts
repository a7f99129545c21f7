import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Source } from "./lives.js";
import { WrongOutcomeError } from "./outcome.js";
import { ENDINGS, type Ending, type WorkerOrder, type WorkerWord } from "./worker.js";

/** Workers at the same time: more than small hosts have processors. */
export const WORKERS = 4;

/** Longest that a Worker may take, milliseconds; it is ended then, and the soak fails. */
const LONGEST_MS = 600_000;

// By name, since a bundle lies elsewhere than its source.
const bench = dirname(createRequire(import.meta.url).resolve("@twinwall/tool-bench/package.json"));

/** The built program of a Worker: a thread cannot load the sources. */
export const WORKER_PROGRAM = join(bench, "dist/soak-worker.js");

/** Rounds of Workers that come, make calls at the same time, and go, each in another way. */
export class WorkerRounds {
  #started = 0;

  constructor(
    private readonly source: Source,
    private readonly callsEach: number,
  ) {}

  /**
   * Has `rounds` rounds, one after the other.
   *
   * @throws WrongOutcomeError when a Worker fails; the others have ended then.
   */
  async run(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const ended = await Promise.allSettled(Array.from({ length: WORKERS }, () => this.#one()));
      for (const outcome of ended) if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  async #one(): Promise<void> {
    const ending = ENDINGS[this.#started % ENDINGS.length] ?? "close";
    this.#started += 1;
    const { machine, snapshot } = this.source;
    await runWorker({ machine, snapshot, calls: this.callsEach, ending });
  }
}

/** Resolves when the Worker has ended the way it was to end. */
async function runWorker(order: WorkerOrder): Promise<void> {
  const worker = new Worker(WORKER_PROGRAM, { workerData: order });
  const said: WorkerWord[] = [];
  const timer = setTimeout(() => void worker.terminate(), LONGEST_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("error", (error) =>
        reject(new WrongOutcomeError(`a Worker: ${String(error)}`, { cause: error })),
      );
      worker.on("exit", () => resolve());
      worker.on("message", (word: WorkerWord) => {
        said.push(word);
        if (word === "under way" && order.ending === "terminate") void worker.terminate();
      });
    });
  } finally {
    clearTimeout(timer);
  }
  if (said.at(-1) !== lastWordOf(order.ending))
    throw new WrongOutcomeError(
      `a Worker (${order.ending}) ended after it said: ${said.join(", ") || "nothing"}`,
    );
}

function lastWordOf(ending: Ending): WorkerWord {
  return ending === "close" ? "done" : "under way";
}
