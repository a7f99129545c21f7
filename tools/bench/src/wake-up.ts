import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Words of the memory that both threads see: what the other thread waits for, what this one waits for, and the pause. */
const THERE = 0;
const BACK = 1;
const PAUSE = 2;
/** Ends the other thread. */
const END = -1;

const program = `
  const { workerData: words, parentPort } = require("node:worker_threads");
  parentPort.postMessage("ready");
  for (let seen = 0; ; ) {
    Atomics.wait(words, ${THERE}, seen);
    const value = Atomics.load(words, ${THERE});
    if (value === ${END}) break;
    if (value === seen) continue;
    seen = value;
    if (words[${PAUSE}] > 0) {
      const end = performance.now() + words[${PAUSE}] / 1e6;
      while (performance.now() < end);
    }
    Atomics.store(words, ${BACK}, value);
    Atomics.notify(words, ${BACK});
  }`;

/**
 * The bare wake-up of another thread and back, which is the floor of every call on a thread: that thread sleeps in
 * `Atomics.wait`, which is a futex as the condition variable of a thread pool is; it does nothing but notify back; and this
 * thread's event loop, which sleeps in its poll, is woken by an eventfd as for every result that another thread has for it
 * (`Atomics.waitAsync`: the engine posts a task to the loop). No message is made, copied or read.
 */
export class WakeUp implements Disposable {
  readonly #words: Int32Array;
  readonly #worker: Worker;
  #last = 0;

  private constructor(words: Int32Array, worker: Worker) {
    this.#words = words;
    this.#worker = worker;
  }

  /** Starts the other thread; resolves when it waits. */
  static async start(): Promise<WakeUp> {
    const words = new Int32Array(new SharedArrayBuffer(12));
    const worker = new Worker(program, { eval: true, workerData: words });
    await once(worker, "message");
    return new WakeUp(words, worker);
  }

  /**
   * Wakes the other thread; resolves when that has woken this one.
   *
   * @param pause How long the other thread is busy in between, nanoseconds: a processor that slept longer wakes later.
   */
  async roundTrip(pause = 0): Promise<void> {
    this.#words[PAUSE] = pause;
    const answer = Atomics.waitAsync(this.#words, BACK, this.#last);
    this.#last += 1;
    Atomics.store(this.#words, THERE, this.#last);
    Atomics.notify(this.#words, THERE);
    if (answer.async) await answer.value;
  }

  [Symbol.dispose](): void {
    Atomics.store(this.#words, THERE, END);
    Atomics.notify(this.#words, THERE);
    this.#worker.unref();
  }
}
