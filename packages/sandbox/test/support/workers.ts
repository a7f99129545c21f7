import { readdirSync, readFileSync } from "node:fs";
import { turns } from "./pools.js";

/** A child process: its number, and its state by the kernel's letter. */
interface Child {
  readonly process: number;
  readonly state: string;
}

/** Children of a process; `Z` is one that has ended and that nobody has waited for. */
export function childrenOf(parent: number): Child[] {
  const children: Child[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const [state, itsParent] = statFieldsOf(name);
    if (state !== undefined && Number(itsParent) === parent) children.push({ process: Number(name), state });
  }
  return children;
}

/** Worker processes of a process that live, the newest last. */
export function workersOf(parent = process.pid): number[] {
  return childrenOf(parent)
    .filter((child) => child.state !== "Z" && textOf(`/proc/${child.process}/comm`) === "twinwall-worker\n")
    .map((child) => child.process)
    .sort((left, right) => left - right);
}

/** What the kernel says of a process: `Seccomp`, `NoNewPrivs`. */
export function statusOf(worker: number, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(textOf(`/proc/${worker}/status`))?.[1];
}

/** Waits until a process runs on end: a guest that does not come back. */
export async function untilBusy(worker: number): Promise<void> {
  const before = processorTime(worker);
  // Hundredths of a second: more than the start of a call takes.
  await eventually(() => processorTime(worker) > before + 3);
}

/** Processor time of a process, ticks of the kernel: its `utime` and `stime`. */
function processorTime(worker: number): number {
  const fields = statFieldsOf(worker);
  return Number(fields[11]) + Number(fields[12]);
}

/** Fields of `/proc/PID/stat` behind the name, which may have any character in it: from the state, field 3, on. */
function statFieldsOf(process: number | string): string[] {
  return textOf(`/proc/${process}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
}

/** Ends a process, and waits until it is no more than a zombie. */
export async function killHard(worker: number): Promise<void> {
  process.kill(worker, "SIGKILL");
  while (/^[^Z]*$/.test(statusOf(worker, "State") ?? "Z")) await turns(1);
}

/** Waits until something holds, for up to 20 seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it never came to hold");
    await turns(5);
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended since.
    return "";
  }
}
