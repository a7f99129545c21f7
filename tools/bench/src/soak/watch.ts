import { type Holdings, readHoldings, settle } from "./holdings.js";

/** How often a phase is looked at; fewer times where there are fewer pieces. */
const SAMPLES = 40;

/** Done before the first look: code is compiled, threads are started, heaps find their size. */
const WARM_UP = { share: 0.1, least: 4 } as const;

/**
 * Does `count` pieces of work in forty parts, and looks at what the process holds after each; a tenth as much, and
 * four pieces at least, are done before and not looked at.
 *
 * @param work Does so many pieces. Whatever it starts has ended when it resolves.
 */
export async function watch(count: number, work: (pieces: number) => Promise<void>): Promise<Holdings[]> {
  await work(Math.max(Math.ceil(count * WARM_UP.share), WARM_UP.least));
  const parts = Math.min(count, SAMPLES);
  const samples: Holdings[] = [];
  let done = 0;
  for (let part = 1; part <= parts; part += 1) {
    const until = Math.round((count * part) / parts);
    await work(until - done);
    done = until;
    await settle();
    samples.push(readHoldings());
  }
  return samples;
}
