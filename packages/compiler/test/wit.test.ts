import { componentNew, print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { decodeWorld, showType, TwinwallError, type World, type WorldFunction } from "@twinwall/abi";
import { expect, test } from "vitest";
import { compilerWasm } from "../src/compiler-wasm.js";
import { type DescribeWitOptions, describeWit, inspectArtifact } from "../src/index.js";
import { describeWit as describeWitSlim } from "../src/slim.js";
import { assemble } from "./modules.js";
import { testCompiler } from "./temporary.js";

type Files = Readonly<Record<string, string>>;

/** A package of two files, and two that it uses: one in a folder, one in a file. */
const calc: Files = {
  "wit/world.wit": `package docs:calc@0.1.0;
    /// A calculator.
    world calc {
      import log: interface { resource logger { constructor(name: string); } note: func(by: borrow<logger>); }
      import docs:clock/now@1.0.0;
      export ops;
      export add: func(a: u8, b: option<char>);
    }`,
  "wit/ops.wit": `package docs:calc@0.1.0;
    interface ops {
      use docs:shapes/types.{point};
      /// Moves a point.
      move: func(by: point, points: list<point>) -> result<list<point>, string>;
      resource counter { constructor(start: u32); get: func() -> u32; max: static func() -> u32; }
    }`,
  "wit/deps/shapes/types.wit":
    "package docs:shapes; interface types { use more.{distance}; record point { x: distance } }",
  "wit/deps/shapes/more.wit": "package docs:shapes; interface more { type distance = f64; }",
  "wit/deps/clock.wit": "package docs:clock@1.0.0; interface now { now: func() -> u64; }",
};

function show({ name, interfaceName, parameters, result }: WorldFunction): string {
  const shown = parameters.map((one) => `${one.name}: ${showType(one.type)}`).join(", ");
  const place = interfaceName === undefined ? "" : `${interfaceName}#`;
  return `${place}${name}(${shown})${result === undefined ? "" : ` -> ${showType(result)}`}`;
}

async function worldOf(files: Files, options?: DescribeWitOptions): Promise<World> {
  return decodeWorld((await describeWit(files, options)).world);
}

/** Code and message of what is refused. */
async function refusal(files: unknown, options?: unknown): Promise<string> {
  try {
    await describeWit(files as Files, options as DescribeWitOptions);
  } catch (error) {
    if (error instanceof TwinwallError) return error.message;
    throw error;
  }
  throw new Error("it was described");
}

test("a world of several files and packages is told in full, with what its authors wrote", async () => {
  const world = await worldOf(calc);
  expect(world.name).toBe("docs:calc/calc@0.1.0");
  expect(world.imports.map(show)).toEqual([
    "log#[constructor]logger(name: string) -> logger",
    "log#note(by: borrow<logger>)",
    "docs:clock/now@1.0.0#now() -> u64",
  ]);
  expect(world.exports.map(show).sort()).toEqual([
    "add(a: u8, b: option<char>)",
    "docs:calc/ops@0.1.0#[constructor]counter(start: u32) -> counter",
    "docs:calc/ops@0.1.0#[method]counter.get(self: borrow<counter>) -> u32",
    "docs:calc/ops@0.1.0#[static]counter.max() -> u32",
    "docs:calc/ops@0.1.0#move(by: point, points: list<point>) -> result<list<point>, string>",
  ]);
  expect(world.resources).toEqual([
    { name: "logger", interfaceName: "log", imported: true },
    { name: "counter", interfaceName: "docs:calc/ops@0.1.0", imported: false },
  ]);
  expect(world.exports.find(({ name }) => name === "move")?.docs).toBe("Moves a point.");
});

const core = assemble(`(module
  (import "docs:clock/now@1.0.0" "now" (func (result i64)))
  (import "log" "[constructor]logger" (func (param i32 i32) (result i32)))
  (import "log" "note" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#move") (param f64 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[constructor]counter") (param i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[method]counter.get") (param i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[static]counter.max") (result i32) unreachable)
  (func (export "add") (param i32 i32 i32)))`);

test.each(["utf8", "utf16"] as const)(
  "the section makes a component of a module, which says the same of itself: %s",
  async (stringEncoding) => {
    const { world, section } = await describeWit(calc, { stringEncoding });
    const module = new Uint8Array([...core, ...section]);
    expect(
      WebAssembly.Module.customSections(await WebAssembly.compile(module), "component-type:calc"),
    ).toHaveLength(1);
    const { bytes } = await testCompiler().compile(module, { machine: "kvm", fuel: false });
    const told = inspectArtifact(bytes).world;
    const described = decodeWorld(world);
    const sorted = (functions: readonly WorldFunction[] = []) => functions.map(show).sort();
    expect(sorted(told?.exports)).toEqual(sorted(described.exports));
    expect(sorted(told?.imports)).toEqual(sorted(described.imports));
    expect(told?.resources).toEqual(described.resources);
    // Other tools read it too, and see how text is kept.
    expect(await print(await componentNew(module))).toContain(`string-encoding=${stringEncoding}`);
  },
);

test("a folder named deps is what it is by what lies beside it", async () => {
  const [used, using] = [
    "package c:d; interface e {}",
    "package a:b; world w { import c:d/e; export f: func(); }",
  ];
  for (const [main, dependency] of [
    ["a.wit", "deps/c.wit"],
    ["/home/deps/deps/a.wit", "/home/deps/deps/deps/c/d.wit"],
    ["deps/a/deps.wit", "deps/a/deps/deps/deps.wit"],
  ] as const) {
    const world = await worldOf({ [main]: using, [dependency]: used });
    expect(world.exports.map(show), main).toEqual(["f()"]);
  }
});

test("one of several worlds is named, with or without its package", async () => {
  const files = {
    "a.wit": "package a:b@1.2.3; world one { export f: func(); } world two { export g: func(); }",
  };
  for (const world of ["two", "a:b/two", "a:b/two@1.2.3"])
    expect((await worldOf(files, { world })).exports.map(show)).toEqual(["g()"]);
  expect(await refusal(files)).toMatch(/^E_BAD_MODULE: WIT: There are multiple worlds .*a:b\/one.*a:b\/two/);
  expect(await refusal(files, { world: "three" })).toMatch(/^E_BAD_MODULE: WIT: World `three` not found/);
  expect(await refusal({ "a.wit": "package a:b;" })).toMatch(/^E_BAD_MODULE: .*contains no worlds/);
});

test.each<[name: string, files: Files, message: RegExp]>([
  ["a token", { "a.wit": "package a:b;\n\nworld w {\n  export\n}" }, /^E_BAD_MODULE: a\.wit:5:1: expected/],
  [
    "a name that is not there",
    { "a.wit": "package a:b;\nworld w { export f: func(a: foo); }" },
    /a\.wit:2:29: .*foo/,
  ],
  [
    "a column in characters, tabs and Windows lines",
    { "a.wit": "package a:b;\r\nworld w {\r\n\t/* äöü😀 */ export f: fnc();\r\n}" },
    /^E_BAD_MODULE: a\.wit:3:26: /,
  ],
  [
    "a type within itself",
    { "a.wit": "package a:b;\ninterface i { record r { again: r } }\nworld w { import i; }" },
    /^E_BAD_MODULE: a\.wit:2:\d+: .*depends on itself/,
  ],
  [
    "the second file",
    { "a.wit": "package a:b; world w {}", "b.wit": "package a:b;\n interface i { nothing }" },
    /^E_BAD_MODULE: b\.wit:2:\d+: /,
  ],
  [
    "a package that others use",
    {
      "a.wit": "package a:b; world w { import c:d/e; }",
      "deps/c/e.wit": "package c:d;\n\n interface e { f: func(x: y); }",
    },
    /^E_BAD_MODULE: deps\/c\/e\.wit:3:\d+: /,
  ],
  [
    "a package that is not there",
    { "a.wit": "package a:b;\nworld w {\n  import c:d/e;\n}", "deps/x.wit": "package x:y;" },
    /^E_BAD_MODULE: a\.wit:3:10: package 'c:d' not found\. known packages: a:b/,
  ],
  [
    "an interface that the package lacks",
    { "a.wit": "package a:b;\nworld w {\n  import c:d/e;\n}", "deps/c.wit": "package c:d;" },
    /^E_BAD_MODULE: a\.wit:3:14: interface not found in package/,
  ],
  ["two packages in one", { "a.wit": "package a:b; world w {}", "b.wit": "package c:d;" }, /b\.wit:1:9: /],
  [
    "types within types",
    { "a.wit": `package a:b; world w { export f: func(a: ${"list<".repeat(5000)}u8); }` },
    /^E_BAD_MODULE: a\.wit:1:\d+: type nesting too deep/,
  ],
])("what does not parse is told with its place: %s", async (_, files, message) => {
  expect(await refusal(files)).toMatch(message);
});

const chain = (count: number, of: (name: string) => string): Files => ({
  "a.wit": `package a:b; interface i { type t0 = u8;
    ${Array.from({ length: count }, (_, index) => `type t${index + 1} = ${of(`t${index}`)};`).join("\n")}
    f: func(a: t${count}); } world w { export i; }`,
});

test.each<[name: string, files: Files, message: RegExp]>([
  ["async", { "a.wit": "package a:b; world w { export f: async func(); }" }, /function `f` is async/],
  [
    "a stream",
    { "a.wit": "package a:b; world w { export f: func() -> stream<u8>; }" },
    /`f` uses the type stream/,
  ],
  [
    "a future",
    { "a.wit": "package a:b; world w { export f: func() -> future; }" },
    /`f` uses the type future/,
  ],
  [
    "a list of fixed length",
    { "a.wit": "package a:b; world w { export f: func(a: list<u8, 4>); }" },
    /`f` uses the type/,
  ],
  [
    "lists in lists",
    chain(100, (name) => `list<${name}>`),
    /`f` of a:b\/i has types that are nested more than 100/,
  ],
  ["very many of them", chain(50_000, (name) => `list<${name}>`), /nested more than 100/],
  ["very many names", chain(50_000, (name) => name), /nested more than 100/],
])("what guests cannot have is refused by name: %s", async (_, files, message) => {
  const refused = await refusal(files);
  expect(refused).toMatch(/^E_UNSUPPORTED: WIT: not supported: /);
  expect(refused).toMatch(message);
});

test("there are bounds", async () => {
  expect((await worldOf(chain(99, (name) => `list<${name}>`))).exports).toHaveLength(1);
  expect(await refusal(chain(30, (name) => `tuple<${name}, ${name}>`))).toMatch(/^E_BAD_MODULE: .*type size/);
  expect(await refusal({ "a.wit": `package a:b; world w {} //${"x".repeat(4 * 2 ** 20)}` })).toMatch(
    /^E_LIMIT: 1 WIT files of \d+ bytes/,
  );
  const many = Object.fromEntries(
    Array.from({ length: 1001 }, (_, index) => [`${index}.wit`, "package a:b;"]),
  );
  expect(await refusal(many)).toMatch(/^E_LIMIT: 1001 WIT files/);
  expect(await refusal(calc, { memory: "16KiB" })).toMatch(
    /^E_LIMIT: reading this WIT needs more than 16384 bytes/,
  );
  expect(await refusal(calc, { deadline: "1us" })).toMatch(/^E_DEADLINE: reading this WIT took longer/);
});

test("bad arguments are told before anything starts", async () => {
  const wasm = new Uint8Array();
  expect(await refusal({})).toMatch(/^E_OPTION: there is no WIT file/);
  const deep = { "a.wit": "package a:b; world w {}", "deps/a/b/c.wit": "package a:b;" };
  expect(await refusal(deep)).toMatch(/^E_BAD_MODULE: WIT: deps\/a\/b\/c\.wit: .*lie in one folder/);
  expect(await refusal(undefined)).toMatch(/^E_TYPE: files: undefined/);
  expect(await refusal({ "a.wit": wasm })).toMatch(/^E_TYPE: files\["a\.wit"\]: /);
  expect(await refusal(calc, { wrold: "a" })).toMatch(
    /^E_OPTION: describeWit: unknown option "wrold"; known are world, stringEncoding, deadline, memory$/,
  );
  expect(await refusal(calc, { world: 1 })).toMatch(/^E_OPTION: world: 1/);
  expect(await refusal(calc, { stringEncoding: "latin1" })).toMatch(/^E_OPTION: stringEncoding: "latin1"/);
  expect(await refusal(calc, { deadline: "soon" })).toMatch(/^E_OPTION: deadline/);
});

test("the slim entry does the same with a compiler that is brought along", async () => {
  expect(await describeWitSlim(calc, { wasm: compilerWasm })).toEqual(await describeWit(calc));
  const without = describeWitSlim(calc, {} as Parameters<typeof describeWitSlim>[1]);
  await expect(without).rejects.toThrow(/^E_OPTION: wasm: undefined is no compiler/);
  await expect(describeWitSlim(calc, { wasm: core })).rejects.toThrow(
    /^E_OPTION: wasm: .* not Twinwall's compiler/,
  );
});
