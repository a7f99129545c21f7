import { TwinwallError } from "../../src/index.js";

/**
 * What a call gives that needs much less than its deadline, of so many milliseconds. On a host with other work it may really
 * take that long: where it has, and only then, it is made again.
 */
export async function inTime<Value>(
  milliseconds: number,
  call: () => Value | Promise<Value>,
): Promise<Value> {
  for (;;) {
    const begun = performance.now();
    try {
      return await call();
    } catch (error) {
      const isLate = error instanceof TwinwallError && error.code === "E_DEADLINE";
      if (!isLate || performance.now() - begun < milliseconds) throw error;
    }
  }
}
