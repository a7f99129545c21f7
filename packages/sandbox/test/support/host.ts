import { type HostFunction, hostFunction, Sandbox, type SandboxOptions, t } from "../../src/index.js";
import { moduleOf, textOf, utf8 } from "./modules.js";

/** Host functions that module `host` wants, with some of them replaced. */
export function hostWith(changes: Record<string, HostFunction> = {}): Record<string, HostFunction> {
  return {
    now: hostFunction({ params: [], result: t.u64 }, () => 2n ** 64n - 1n),
    mix: hostFunction(
      { params: [t.i32, t.i64, t.f32, t.f64], result: t.f64 },
      (a, b, c, d) => a + Number(b) + c + d,
    ),
    flag: hostFunction({ params: [t.bool], result: t.bool }, (value) => !value),
    notify: hostFunction({ params: [t.u32] }, () => {}),
    upper: hostFunction({ params: [t.bytes], result: t.bytes }, (input) => utf8(textOf(input).toUpperCase())),
    log: hostFunction({ params: [t.bytes], deferred: true }, () => {}),
    tick: hostFunction({ params: [t.i32], deferred: true }, () => {}),
    ...changes,
  };
}

/** A sandbox of module `host`. */
export async function sandboxWith(
  changes: Record<string, HostFunction>,
  options: Partial<SandboxOptions> = {},
): Promise<Sandbox> {
  return Sandbox.create({ module: moduleOf("host"), host: hostWith(changes), ...options });
}
