import type { LimitOptions } from "@twinwall/abi";
import type { ConnectionOptions } from "@twinwall/envoy";

/** What `twinwall envoy` is told about the guest, as it was typed. */
export interface GuestFlags {
  readonly module?: string;
  readonly state?: "call" | "connection";
  readonly directions?: "both" | "read" | "write";
  readonly placement?: "inline" | "thread";
  readonly terminal?: boolean;
  readonly memory?: string;
  readonly deadline?: string;
  readonly fuel?: bigint;
  readonly counter: readonly string[];
  readonly init?: string;
  readonly warm?: number;
  readonly machines?: number;
}

/** The options that they stand for; what was not said is left out. Text that is no size or time is refused by name later. */
export function connectionOptionsOf(flags: GuestFlags): ConnectionOptions {
  const { memory, deadline, fuel, counter, module, state, directions, placement, terminal } = flags;
  const limits = given({ memory, deadline, fuel }) as LimitOptions;
  return {
    ...given({ module, state, directions, placement, terminal }),
    ...given({ init: flags.init, warm: flags.warm, machines: flags.machines }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(counter.length === 0 ? {} : { counters: counter }),
  };
}

/** The words that say the same on another command line. */
export function wordsOf(flags: GuestFlags): string[] {
  const { module, state, directions, memory, deadline, fuel, init, warm, machines, counter } = flags;
  const options = { module, state, directions, memory, deadline, fuel, init, warm, machines };
  return [
    ...Object.entries(given(options)).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...counter.flatMap((name) => ["--counter", name]),
  ];
}

type Given<Options> = { [Name in keyof Options]?: Exclude<Options[Name], undefined> };

/** An object without what is `undefined`. */
function given<Options extends object>(options: Options): Given<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Given<Options>;
}
