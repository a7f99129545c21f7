import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { showType, TwinwallError, type World, type WorldFunction } from "@twinwall/abi";
import { afterAll, describe, expect, test } from "vitest";
import { createCompiler, inspectArtifact } from "../src/index.js";
import { assemble, withSection } from "./modules.js";

const kvm = { machine: "kvm", fuel: false } as const;

const wit = `
package docs:calc@0.1.0;
interface types { record point { x: f64, y: f64 } }
interface log { resource logger { constructor(name: string); log: func(text: string); } }
/// What a calculator does.
interface ops {
  use types.{point};
  /// Moves a point.
  move: func(by: point, points: list<point>) -> result<list<point>, string>;
  resource counter { constructor(start: u32); get: func() -> u32; max: static func() -> u32; }
}
world calc { import log; import now: func() -> u64; export ops; export add: func(a: u8, b: option<char>); }`;

const module = assemble(`(module
  (import "$root" "now" (func (result i64)))
  (import "docs:calc/log@0.1.0" "[constructor]logger" (func (param i32 i32) (result i32)))
  (memory (export "memory") 3)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#move") (param f64 f64 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[constructor]counter") (param i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[method]counter.get") (param i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[static]counter.max") (result i32) unreachable)
  (func (export "add") (param i32 i32 i32)))`);

const typed = await componentEmbed({ binary: module, witSource: wit });

const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false });
afterAll(() => compiler.close());

async function worldOf(wasm: Uint8Array): Promise<World> {
  const { world } = inspectArtifact((await compiler.compile(wasm, kvm)).bytes);
  if (world === undefined) throw new Error("a component has a world");
  return world;
}

async function refusal(wasm: Uint8Array): Promise<string> {
  try {
    await compiler.compile(wasm, kvm);
  } catch (error) {
    if (error instanceof TwinwallError) return error.message;
    throw error;
  }
  throw new Error("it was compiled");
}

function show({ name, interfaceName, parameters, result }: WorldFunction): string {
  const shown = parameters.map((one) => `${one.name}: ${showType(one.type)}`).join(", ");
  const place = interfaceName === undefined ? "" : `${interfaceName}#`;
  return `${place}${name}(${shown})${result === undefined ? "" : ` -> ${showType(result)}`}`;
}

describe("the world of a component", () => {
  test("is told in full, of a component and of a module that is wrapped", async () => {
    const component = await componentNew(typed);
    const [world, wrapped] = [await worldOf(component), await worldOf(typed)];
    expect(wrapped).toEqual(world);
    expect(world.exports.map(show).sort()).toEqual([
      "add(a: u8, b: option<char>)",
      "docs:calc/ops@0.1.0#[constructor]counter(start: u32) -> counter",
      "docs:calc/ops@0.1.0#[method]counter.get(self: borrow<counter>) -> u32",
      "docs:calc/ops@0.1.0#[static]counter.max() -> u32",
      "docs:calc/ops@0.1.0#move(by: point, points: list<point>) -> result<list<point>, string>",
    ]);
    expect(world.imports.map(show)).toEqual([
      "docs:calc/log@0.1.0#[constructor]logger(name: string) -> logger",
      "now() -> u64",
    ]);
    expect(world.resources).toEqual([
      { name: "logger", interfaceName: "docs:calc/log@0.1.0", imported: true },
      { name: "counter", interfaceName: "docs:calc/ops@0.1.0", imported: false },
    ]);
  });

  test("names the interfaces that are written within it", async () => {
    const text = `package a:b; world w {
      import log: interface { resource logger { constructor(); } record note { by: logger } write: func(what: note); }
      export out: interface { resource page { constructor(); } }
    }`;
    const source = assemble(`(module
      (import "log" "write" (func (param i32)))
      (func (export "out#[constructor]page") (result i32) unreachable))`);
    const world = await worldOf(await componentEmbed({ binary: source, witSource: text }));
    expect([...world.imports, ...world.exports].map(show)).toEqual([
      "log#write(what: note)",
      "out#[constructor]page() -> page",
    ]);
    expect(world.resources).toEqual([
      { name: "logger", interfaceName: "log", imported: true },
      { name: "page", interfaceName: "out", imported: false },
    ]);
  });

  test.each([
    ["a library", "", false],
    ["a command", '(func (export "_start"))', true],
  ])("of a module that uses WASI preview 1 is one of 0.2: %s", async (_, start, runs) => {
    const source = assemble(`(module
      (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "add") (param i32 i32 i32)) ${start})`);
    const embedded = await componentEmbed({
      binary: source,
      witSource: "package a:b; world w { export add: func(a: u8, b: option<char>); }",
    });
    const { imports, exports } = await worldOf(embedded);
    expect(imports.map(show).filter((one) => one.includes("random"))).toEqual([
      expect.stringMatching(/^wasi:random\/random@0\.2\.\d+#get-random-bytes\(len: u64\) -> list<u8>$/),
    ]);
    expect(exports.map(show)).toContain("add(a: u8, b: option<char>)");
    expect(exports.some(({ interfaceName }) => interfaceName?.startsWith("wasi:cli/run@0.2."))).toBe(runs);
  });

  test("comes with its memories", async () => {
    const { memories, initialMemory, exports, imports } = inspectArtifact(
      (await compiler.compile(typed, kvm)).bytes,
    );
    expect({ memories, initialMemory, exports, imports }).toEqual({
      memories: 1,
      initialMemory: 3n * 65536n,
      exports: [],
      imports: [],
    });
    const twice = await parse(`(component
      (component $inner (core module $M (memory 1)) (core instance (instantiate $M)) (core instance (instantiate $M)))
      (instance (instantiate $inner)) (instance (instantiate $inner)))`);
    expect(inspectArtifact((await compiler.compile(twice, kvm)).bytes)).toMatchObject({
      memories: 4,
      initialMemory: 4n * 65536n,
    });
  });

  test("is the same for both machines", async () => {
    const { bytes } = await compiler.compile(typed, { machine: "soft", fuel: true });
    expect(inspectArtifact(bytes).world).toEqual(await worldOf(typed));
  });
});

/** Imports of which package a:a uses b:b, and the other way round. */
const circle = `
  (import "a:a/x" (instance $ax (type $t (record (field "f" u8))) (export "t" (type (eq $t)))))
  (alias export $ax "t" (type $at))
  (import "b:b/x" (instance $bx (alias outer 1 $at (type $t)) (export "t" (type (eq $t)))))
  (alias export $bx "t" (type $bt))
  (import "a:a/y" (instance (alias outer 1 $bt (type $t)) (export "t" (type (eq $t)))))`;

describe("what is refused", () => {
  test.each([
    [
      "a module that lacks what its world exports",
      "(module)",
      /^E_BAD_MODULE: the world of the component: .*add/,
    ],
    ["an import that is not the world's", '(module (import "env" "abort" (func)))', /^E_BAD_MODULE: .*env/],
  ])("%s", async (_, text, message) => {
    const embedded = await componentEmbed({ binary: assemble(text), witSource: wit });
    expect(await refusal(embedded)).toMatch(message);
  });

  test.each([
    [
      "a core module that is imported",
      '(component (import "m" (core module)))',
      /imports or exports core modules/,
    ],
    ["threads within", "(component (core module (memory 1 1 shared)))", /^E_UNSUPPORTED: .*"threads"/],
    ["async", '(component (import "f" (func async)))', /^E_UNSUPPORTED: .*"cm-async"/],
    [
      "packages in a circle",
      `(component ${circle})`,
      /E_BAD_MODULE: .*its packages depend on each other in a circle/,
    ],
    [
      "an interface that uses what the world declares",
      `(component (type $r (record (field "f" u8))) (import "t" (type $t (eq $r)))
        (import "a:a/x" (instance (alias outer 1 $t (type $t)) (export "t" (type (eq $t))))))`,
      /E_BAD_MODULE: .*an interface uses a type of the world/,
    ],
    ["a future", '(component (import "f" (func (param "x" (future u8)))))', /^E_UNSUPPORTED: /],
  ])("%s", async (_, text, message) => {
    expect(await refusal(await parse(text))).toMatch(message);
  });

  test.each<[name: string, section: string | Uint8Array, message: RegExp]>([
    ["nothing", Uint8Array.of(), /E_BAD_MODULE: .*component-type: unexpected end/],
    ["the format of long ago", Uint8Array.of(3, 0, 1, 119), /E_BAD_MODULE: .*format of tools before 2024/],
    ["no world", "(component)", /E_BAD_MODULE: .*does not have one export/],
    [
      "a value's type",
      '(component (type u8) (export "w" (type 0)))',
      /E_BAD_MODULE: .*not the type of a component/,
    ],
    [
      "a component that imports",
      '(component (type (component (import "f" (func)) (export "a:b/w" (component)))) (export "w" (type 0)))',
      /E_BAD_MODULE: .*does not have one export, and nothing else/,
    ],
    [
      "packages in a circle",
      `(component (type (component (type (component ${circle})) (export "c:c/w" (component (type 0)))))
        (export "w" (type 0)))`,
      /E_BAD_MODULE: .*its packages depend on each other in a circle/,
    ],
    ["async", '(component (import "f" (func async)))', /E_UNSUPPORTED: .*cm-async/],
  ])("a section that says what no tool says: %s", async (_, section, message) => {
    const payload = typeof section === "string" ? await parse(section) : section;
    expect(await refusal(withSection(assemble("(module)"), "component-type:w", payload))).toMatch(message);
  });

  test("types that are too deep", async () => {
    const lists = (count: number): string =>
      Array.from(
        { length: count },
        (_, index) => `(type $t${index + 1} (list ${index === 0 ? "u8" : `$t${index}`}))`,
      ).join(" ");
    const text = (depth: number): string =>
      `(component ${lists(depth - 1)} (import "f" (func (param "x" $t${depth - 1}))))`;
    await expect(compiler.compile(await parse(text(100)), kvm)).resolves.toBeDefined();
    expect(await refusal(await parse(text(101)))).toMatch(/type nesting is too deep/);
  });

  test("what was damaged, in whatever way, and the compiler goes on", { timeout: 120_000 }, async () => {
    const component = await componentNew(typed);
    let state = 1;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % limit;
    };
    for (let round = 0; round < 300; round++) {
      const source = round % 2 === 0 ? component : typed;
      const damaged = new Uint8Array(source);
      for (let change = 0; change <= random(3); change++)
        damaged[8 + random(damaged.length - 8)] = random(256);
      const outcome = await compiler.compile(damaged, kvm).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) continue;
      expect(outcome).toMatchObject({ name: "TwinwallError" });
      expect(outcome.message).toMatch(/^E_(BAD_MODULE|UNSUPPORTED)/);
    }
    expect((await worldOf(typed)).exports).toHaveLength(5);
  });
});
