import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Threads of this process on processors of their own, until disposed of. */
export interface Apart extends Disposable {
  /** Why the threads are where the kernel puts them instead; `undefined`: they are apart. */
  readonly problem: string | undefined;
}

/**
 * Keeps the calling thread on one processor and all others of this process on a second one. A wake-up within one processor
 * takes a third of the time that one of another, sleeping processor takes; the kernel chooses either for a pair of threads
 * and stays with it, so that whatever is compared has to be placed alike. Threads that start later stay beside the one that
 * starts them.
 */
export function placeApart(): Apart {
  const before = readFileSync("/proc/self/status", "utf8").match(/^Cpus_allowed_list:\s+(\S+)$/m)?.[1] ?? "";
  const [here, there] = processorsOf(before);
  if (here === undefined || there === undefined) return together("there is one processor");
  try {
    const own = basename(readlinkSync("/proc/thread-self"));
    placeAll((thread) => String(thread === own ? here : there));
  } catch (error) {
    restore(before);
    return together(`taskset: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
  return { problem: undefined, [Symbol.dispose]: () => restore(before) };
}

function together(problem: string): Apart {
  return { problem, [Symbol.dispose]: () => undefined };
}

/** Where nothing could be placed there is nothing to put back. */
function restore(processors: string): void {
  try {
    placeAll(() => processors);
  } catch {}
}

/** Places each thread of this process on the processors that `choose` gives it. */
function placeAll(choose: (thread: string) => string): void {
  for (const thread of readdirSync("/proc/self/task")) {
    try {
      execFileSync("taskset", ["--cpu-list", "--pid", choose(thread), thread], { stdio: "pipe" });
    } catch (error) {
      // Threads come and go.
      if (existsSync(`/proc/self/task/${thread}`)) throw error;
    }
  }
}

/** Reads `0-3,8`. */
export function processorsOf(list: string): number[] {
  if (list === "") return [];
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    if (first === undefined || last === undefined || !(last >= first)) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
