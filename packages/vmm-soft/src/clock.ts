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

/** Milliseconds by which this thread's `performance.now()` lags behind that of the thread whose calls it runs. */
let lag = 0;

/** Makes {@link ticks} go on from those of a thread with this `performance.timeOrigin`: a session may change threads. */
export function alignTicks(timeOrigin: number): void {
  lag = performance.timeOrigin - timeOrigin;
}

/** What guests see as ticks at `now` of `performance.now()`: nanoseconds. */
export function ticks(now: number): number {
  return Math.round((now + lag) * 1e6);
}
