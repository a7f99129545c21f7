/** Words of a seed: 32 bytes. */
export const SEED_WORDS = 8;

/** Words that are drawn at a time: asking the system costs more than a call. */
const POOL_WORDS = 4096;

const pool = new Uint32Array(POOL_WORDS);
let next = POOL_WORDS;

/** Writes a fresh seed to `target` from word `at` on; no seed is given out twice or kept here. */
export function writeSeed(target: Uint32Array, at: number): void {
  if (next === POOL_WORDS) {
    crypto.getRandomValues(pool);
    next = 0;
  }
  for (let word = 0; word < SEED_WORDS; word += 1) {
    target[at + word] = pool[next + word] ?? 0;
    pool[next + word] = 0;
  }
  next += SEED_WORDS;
}
