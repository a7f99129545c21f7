/** How often the wall clock is read again, milliseconds: between, the monotonic clock counts on. */
const READING = 100;

let readAt = Number.NEGATIVE_INFINITY;
let offset = 0;

/** Nanoseconds since 1970 at `now` of `performance.now()`. */
export function wallClock(now: number): number {
  if (now - readAt > READING) {
    readAt = now;
    offset = Date.now() - now;
  }
  return (offset + now) * 1e6;
}
