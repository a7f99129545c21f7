import type { ScalarValue } from "@twinwall/abi";
import { type HostFunction, hostFunction, type Sandbox, t } from "@twinwall/sandbox";
import type { Link } from "./tests.js";

/** Host functions by name, as `Sandbox.create` takes them. */
export type HostFunctions = Readonly<Record<string, HostFunction>>;

/** What scripts print with. Nobody reads it. */
export const printers: HostFunctions = {
  "spectest.print": hostFunction({ params: [] }, () => {}),
  "spectest.print_i32": hostFunction({ params: [t.i32] }, () => {}),
  "spectest.print_i64": hostFunction({ params: [t.i64] }, () => {}),
  "spectest.print_f32": hostFunction({ params: [t.f32] }, () => {}),
  "spectest.print_f64": hostFunction({ params: [t.f64] }, () => {}),
  "spectest.print_i32_f32": hostFunction({ params: [t.i32, t.f32] }, () => {}),
  "spectest.print_f64_f64": hostFunction({ params: [t.f64, t.f64] }, () => {}),
};

/** The host functions behind which functions of other modules stand. */
export function linkedFunctions(
  links: readonly Link[],
  exporters: ReadonlyMap<number, Sandbox>,
): HostFunctions {
  return Object.fromEntries(
    links.map((link) => {
      const exporter = exporters.get(link.module);
      if (exporter === undefined) throw new Error(`module ${link.module} of ${link.name} was not made`);
      return [link.name, linkedFunction(link, exporter)];
    }),
  );
}

function linkedFunction(link: Link, exporter: Sandbox): HostFunction {
  const params = link.parameters.map((kind) => t[kind]);
  const call = (...values: readonly ScalarValue[]) => exporter.call(link.export, ...values) as ScalarValue;
  return link.result === null
    ? hostFunction({ params }, (...values) => void call(...values))
    : hostFunction({ params, result: t[link.result] }, (...values) => call(...values));
}
