// Workers that end while their calls run, in every state of theirs. Prints what is left of them.
// Usage: node workers.mjs ROUNDS IMAGE GUEST
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { callAsync, endlessCalls, machineOf } from "./calls.mjs";

if (isMainThread) await main();
else await work(workerData);

async function main() {
  const [, , rounds, image, functions] = process.argv;
  const guest = JSON.parse(functions);
  const endings = {};
  for (let round = 0; round < Number(rounds); round++) {
    const way = ["terminate", "exit", "throw", "reply"][round % 4];
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { way, image, guest } });
    worker.on("error", () => {});
    const exited = new Promise((resolve) => worker.on("exit", resolve));
    if (way === "terminate") {
      await new Promise((resolve) => worker.on("message", resolve));
      await delay(round % 7);
      await worker.terminate();
    }
    const ending = `${way} ${await exited}`;
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
  // Calls end on threads of their own.
  for (let tries = 0; tries < 500 && leftovers().length > 0; tries++) await delay(20);
  console.log(JSON.stringify({ endings, leftovers: leftovers() }));
}

async function work({ way, image, guest }) {
  const { parentPort } = await import("node:worker_threads");
  if (way === "reply") {
    const machine = machineOf(image, 20_000);
    // Nothing else keeps this Worker alive.
    callAsync(machine, guest.Loop, [1]);
    return;
  }
  endlessCalls(image, guest);
  parentPort.postMessage("under way");
  if (way === "exit") setTimeout(() => process.exit(3), 5);
  if (way === "throw") {
    setTimeout(() => {
      throw new Error("nobody catches this");
    }, 5);
  }
}

/** Virtual machines of this process, and threads of ours, but for the one that looks at the time of all calls: it stays. */
function leftovers() {
  const found = [];
  for (const descriptor of readdirSync("/proc/self/fd")) {
    const target = attempt(() => readlinkSync(`/proc/self/fd/${descriptor}`));
    if (target.includes("kvm-v")) found.push(target);
  }
  for (const task of readdirSync("/proc/self/task")) {
    const name = attempt(() => readFileSync(`/proc/self/task/${task}/comm`, "utf8")).trim();
    if (name.startsWith("twinwall") && name !== "twinwall-turns") found.push(name);
  }
  return found;
}

/** What is gone by now has no name. */
function attempt(read) {
  try {
    return read();
  } catch {
    return "";
  }
}
