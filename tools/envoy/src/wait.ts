import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again and again until an answer is not `undefined`.
 *
 * @throws Error after `timeoutMs`, saying what was waited for.
 */
export async function waitFor<Value>(
  what: string,
  ask: () => Promise<Value | undefined> | Value | undefined,
  timeoutMs = 10_000,
): Promise<Value> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`${what}: nothing within ${timeoutMs} ms`);
    await sleep(10);
  }
}

/** A promise's value, or an error when it takes longer than `timeoutMs`. */
export async function within<Value>(
  what: string,
  timeoutMs: number,
  promise: Promise<Value>,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
