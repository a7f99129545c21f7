import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { MachineName } from "@twinwall/abi";
import { Sandbox } from "@twinwall/sandbox";
import { measureFloor } from "@twinwall/vmm-kvm";
import type { Bench } from "../bench.js";
import { interleave, type Samples, type Series } from "../interleave.js";
import { WrongBytesError } from "../payload.js";
import { judge, type Row } from "../row.js";
import { summarize } from "../statistics.js";

/** Ten fields, five of them strings. */
const WIT = `package bench:typed;
interface ops {
  record item {
    id: u32, name: string, mail: string, city: string, note: string, tag: string,
    score: f64, big: u64, active: bool, level: u8,
  }
  add: func(a: u32, b: u32) -> u32;
  echo: func(items: list<item>) -> list<item>;
}
world typed { export ops; }`;

const GUEST = `(module
  (memory (export "memory") 16)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $result i32)
    (local.set $result (i32.and
      (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $result) (local.get 3)))
    (local.get $result))
  (func (export "bench:typed/ops#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "bench:typed/ops#echo") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16))
  (func (export "cabi_post_bench:typed/ops#echo") (param i32) (global.set $next (i32.const 1024))))`;

/** So many short calls are timed as one: a clock reading is not exact enough for one. */
const BLOCK = 16;

const RECORDS = 1000;

/** What the guest's world is in TypeScript. */
interface Ops {
  add(a: number, b: number): number;
  echo(items: readonly unknown[]): readonly unknown[];
}

/** Rows about typed calls; the yardsticks are calls on as many bytes, and jco's code for the same component in this engine. */
export async function measureTyped(bench: Bench, machines: readonly MachineName[]): Promise<Row[]> {
  const core = await componentEmbed({ binary: await parse(GUEST), witSource: WIT });
  const component = await componentNew(core);
  const jco = await inThisEngine(component);
  const rows: Row[] = [];
  for (const machine of machines) rows.push(...(await measureMachine(bench, component, jco, machine)));
  return rows;
}

async function measureMachine(
  bench: Bench,
  module: Uint8Array,
  jco: Ops,
  machine: MachineName,
): Promise<Row[]> {
  using typed = await Sandbox.create({ module, machine, limits: { resultBytes: "4MiB" } });
  using echo = await Sandbox.create({ module: bench.echoModule, machine, limits: { resultBytes: "4MiB" } });
  using session = typed.session();
  using bytes = echo.session();
  const ops: Ops = {
    add: (a, b) => session.call("add", a, b) as number,
    echo: (items) => session.call("echo", items) as readonly unknown[],
  };
  const records = Array.from({ length: RECORDS }, (_, id) => itemOf(id));
  checkEcho(ops, records);
  const record = records.slice(0, 1);
  const calls = (name: string, once: () => unknown): Series => blocks(name, BLOCK, once);
  const series = [
    ...(machine === "kvm" ? [{ name: "floor", measure: (count: number) => measureFloor(count) }] : []),
    calls("bytes 8", bytesOf(bytes, 8)),
    calls("two scalars", () => ops.add(2, 3)),
    calls("bytes 200", bytesOf(bytes, 200)),
    calls("record", () => ops.echo(record)),
    blocks("records", 1, () => ops.echo(records)),
    blocks("jco records", 1, () => jco.echo(records)),
  ];
  const samples = await interleave(series, bench.effort);
  return rows(machine, samples);
}

function bytesOf(
  session: { callBytes(name: string, input: Uint8Array): Uint8Array },
  length: number,
): () => unknown {
  const input = new Uint8Array(length);
  return () => session.callBytes("echo", input);
}

function blocks(name: string, block: number, once: () => unknown): Series {
  return {
    name,
    measure(count) {
      const times = new Float64Array(Math.ceil(count / block));
      for (let index = 0; index < times.length; index += 1) {
        const start = performance.now();
        for (let repeat = 0; repeat < block; repeat += 1) once();
        times[index] = ((performance.now() - start) * 1e6) / block;
      }
      return times;
    },
  };
}

function itemOf(id: number): Record<string, unknown> {
  const texts = {
    name: `user ${id}`,
    mail: `user${id}@example.org`,
    city: "Reykjavík",
    note: "nothing",
    tag: "a",
  };
  return { id, ...texts, score: id / 3, big: BigInt(id) << 32n, active: id % 2 === 0, level: id % 256 };
}

function checkEcho(ops: Ops, records: readonly unknown[]): void {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
  if (ops.add(2, 3) !== 5 || show(ops.echo(records)) !== show(records))
    throw new WrongBytesError("a typed echo");
}

function rows(machine: MachineName, samples: Samples): Row[] {
  const soft = machine === "soft";
  const prefix = soft ? "soft: " : "";
  const row = (name: string, yardstick: string, limit: number, what: string): Row => {
    const { count, median } = summarize(samples.get(name) ?? []);
    const floor = summarize(samples.get(yardstick) ?? []).median;
    const id = `${soft ? "soft-" : ""}typed-${name.replaceAll(" ", "-")}`;
    const figures = {
      samples: count,
      value: median,
      floor,
      goal: `≤ ${limit} × ${yardstick}`,
      limit: limit * floor,
    };
    return judge({ id, what: `${prefix}${what}`, unit: "ns", ...figures });
  };
  const scalars = row("two scalars", "bytes 8", soft ? 3 : 1.15, "typed call, two scalars, in a session");
  if (soft) return [scalars];
  return [
    scalars,
    row("record", "bytes 200", 1.5, "typed call, a record of ten fields there and back"),
    recordsRow(samples),
  ];
}

/** Beyond the machine's floor: what crossing the wall costs is not the values' doing. */
function recordsRow(samples: Samples): Row {
  const { count, median } = summarize(samples.get("records") ?? []);
  const floor = summarize(samples.get("floor") ?? []).median;
  const jco = summarize(samples.get("jco records") ?? []).median;
  return judge({
    id: "typed-records",
    what: "typed call, 1,000 such records there and back, beyond the floor",
    unit: "ns",
    samples: count,
    value: median - floor,
    floor: jco,
    goal: "≤ 2 × jco",
    limit: 2 * jco,
    note: "compared with jco's code for the same component in this engine",
  });
}

/** The component as jco runs it: in this engine, with values moved by JavaScript. */
async function inThisEngine(component: Uint8Array): Promise<Ops> {
  const { files } = await transpileBytes(component, {
    name: "typed",
    instantiation: { tag: "sync" },
  } as never);
  const parent = fileURLToPath(new URL("../.cache/", import.meta.url));
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "jco-"));
  try {
    const modules = new Map<string, WebAssembly.Module>();
    for (const [name, contents] of filesOf(files)) {
      const bytes = new Uint8Array(contents);
      if (name.endsWith(".wasm")) modules.set(name, new WebAssembly.Module(bytes));
      if (name === "typed.js") writeFileSync(join(folder, "typed.mjs"), bytes);
    }
    const { instantiate } = (await import(pathToFileURL(join(folder, "typed.mjs")).href)) as {
      instantiate(
        module: (name: string) => WebAssembly.Module | undefined,
        imports: object,
      ): Record<string, Ops>;
    };
    const exports = instantiate((name) => modules.get(name), {});
    const ops = exports["bench:typed/ops"] ?? exports["ops"];
    if (ops === undefined) throw new Error("jco's code exports something else");
    return ops;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** jco gives files as a list of pairs, or as an object. */
function filesOf(files: unknown): [string, Uint8Array][] {
  return Array.isArray(files)
    ? (files as [string, Uint8Array][])
    : Object.entries(files as Record<string, Uint8Array>);
}
