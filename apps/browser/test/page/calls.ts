import { hostFunction, Sandbox, TwinwallError, t } from "@twinwall/sandbox";

/** What became of a call, as it can be sent to the test. */
export interface Outcome {
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
  /** Message of the error's cause. */
  readonly cause?: string;
}

/** What to call. */
export interface Order {
  readonly module: readonly number[];
  readonly name: string;
  readonly values: readonly number[];
  /** Default: `callAsync`. */
  readonly way?: "call" | "callAsync";
}

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Functions of the host that take their time. */
const host = {
  double: hostFunction({ params: [t.i32], result: t.i32 }, async (value) => {
    await later(5);
    return 2 * value;
  }),
  refuse: hostFunction({ params: [], result: t.i32 }, async () => {
    await later(5);
    throw new Error("not today");
  }),
  never: hostFunction({ params: [], result: t.i32 }, () => new Promise<number>(() => {})),
  long: hostFunction({ params: [t.bytes], result: t.bytes }, async (bytes) => {
    await later(5);
    return new Uint8Array(200_000).fill(bytes[0] ?? 0);
  }),
};

/** Makes calls one after the other on a sandbox of their own. */
export async function callAll(orders: readonly Order[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let sandbox: Sandbox | undefined;
  for (const { module, name, values, way = "callAsync" } of orders) {
    try {
      sandbox ??= await Sandbox.create({
        module: Uint8Array.from(module),
        machine: "soft",
        limits: { deadline: "500ms" },
        host,
      });
      const result =
        way === "call" ? sandbox.call(name, ...values) : await sandbox.callAsync(name, [...values]);
      outcomes.push({ result });
    } catch (error) {
      outcomes.push(outcomeOf(error));
    }
  }
  sandbox?.close();
  return outcomes;
}

function outcomeOf(error: unknown): Outcome {
  const { code, message, cause } = TwinwallError.from(error);
  return { code, message, ...(cause instanceof Error ? { cause: cause.message } : {}) };
}
