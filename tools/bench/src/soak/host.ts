import { type HostFunction, hostFunction, t } from "@twinwall/sandbox";

/** Arguments of the host function `ask`, by what it does then; it adds one to all others. */
export const Ask = { Throw: -1, Later: -2, Reject: -3, Never: -4 } as const;

/** The answer to `Ask.Later`. */
export const LATER = 77;

/** The error of a host function that fails on purpose. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";
}

/** What the guest may import: `ask`. */
export function soakHost(): Record<string, HostFunction> {
  return { ask: hostFunction({ params: [t.i32], result: t.i32 }, answer) };
}

function answer(value: number): number | Promise<number> {
  switch (value) {
    case Ask.Throw:
      throw new HostFailure("asked to");
    case Ask.Later:
      return new Promise((resolve) => setImmediate(() => resolve(LATER)));
    case Ask.Reject:
      return Promise.reject(new HostFailure("asked to, later"));
    case Ask.Never:
      return new Promise(() => undefined);
    default:
      return value + 1;
  }
}
