import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createCompiler, inspectArtifact } from "../src/index.js";
import { answering, assemble, heavy, variety } from "./modules.js";
import { testCompiler } from "./temporary.js";

const profiles = [
  { machine: "kvm", fuel: false },
  { machine: "kvm", fuel: true },
  { machine: "soft", fuel: false },
  { machine: "soft", fuel: true },
] as const;

test.each(profiles)("compiles every kind of module for $machine, fuel $fuel", async (profile) => {
  const compiler = testCompiler();
  for (const text of Object.values(variety)) {
    const { bytes, fromCache } = await compiler.compile(assemble(text), profile);
    const facts = inspectArtifact(bytes);
    expect(fromCache).toBe(false);
    expect(facts).toMatchObject(profile);
    expect(facts.compiler).toContain(profile.machine === "kvm" ? "x86_64-unknown-linux-gnu" : "pulley32");
    // The machine's code is an ELF file.
    expect([...facts.code.subarray(0, 4)]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
  }
});

test("tells imports, exports and memory in the module's order", async () => {
  const compiler = testCompiler();
  const text = `(module
    (import "twinwall" "log" (func (param i32 i32) (result i64)))
    (import "env" "base" (global i32))
    (memory (export "memory") 3)
    (memory 2)
    (global (export "version") i32 (i32.const 1))
    (table (export "table") 1 funcref)
    (func (export "zeta") (param v128 f32 funcref) (result f64) (f64.const 0))
    (func (export "alpha")))`;
  const facts = inspectArtifact((await compiler.compile(assemble(text), profiles[0])).bytes);
  expect(facts.imports).toEqual([
    { module: "twinwall", name: "log", kind: "function", parameters: ["i32", "i32"], results: ["i64"] },
    { module: "env", name: "base", kind: "global", parameters: [], results: [] },
  ]);
  expect(facts.exports).toEqual([
    { name: "memory", kind: "memory", parameters: [], results: [] },
    { name: "version", kind: "global", parameters: [], results: [] },
    { name: "table", kind: "table", parameters: [], results: [] },
    { name: "zeta", kind: "function", parameters: ["v128", "f32", "funcref"], results: ["f64"] },
    { name: "alpha", kind: "function", parameters: [], results: [] },
  ]);
  expect(facts.initialMemory).toBe(5n * 65536n);
});

test("gives the same bytes every time, whatever was compiled before", async () => {
  const compiler = testCompiler();
  const module = assemble(variety["tables"] ?? "");
  const first = await compiler.compile(module, profiles[0]);
  await compiler.compile(heavy(50, 20), profiles[0]);
  await expect(compiler.compile(module.subarray(0, 20), profiles[0])).rejects.toThrow("E_BAD_MODULE");
  const again = await compiler.compile(module, profiles[0]);
  expect(Buffer.compare(first.bytes, again.bytes)).toBe(0);
});

test("leaves the caller's bytes alone, and does not notice when they change", async () => {
  const compiler = testCompiler();
  const module = answering(7);
  const before = Buffer.from(module);
  const result = compiler.compile(module, profiles[0]);
  expect(before.equals(module)).toBe(true);
  module.fill(0);
  const other = await compiler.compile(new Uint8Array(before), profiles[0]);
  expect(Buffer.compare((await result).bytes, other.bytes)).toBe(0);
});

test("ends a compilation at the deadline and can be used again", async () => {
  const compiler = testCompiler({ deadline: "3s" });
  await expect(compiler.compile(heavy(2000, 600), profiles[0])).rejects.toMatchObject({ code: "E_DEADLINE" });
  await expect(compiler.compile(answering(1), profiles[0])).resolves.toMatchObject({ fromCache: false });
}, 60_000);

test("ends a compilation that takes too much memory and can be used again", async () => {
  const compiler = testCompiler({ memory: "8MiB" });
  await expect(compiler.compile(heavy(400, 600), profiles[0])).rejects.toMatchObject({
    code: "E_LIMIT",
    rawMessage: expect.stringContaining("8388608 bytes of memory"),
  });
  await expect(compiler.compile(answering(1), profiles[0])).resolves.toMatchObject({ fromCache: false });
}, 60_000);

test("cancels what runs and what waits", async () => {
  const compiler = testCompiler();
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = compiler.compile(heavy(2000, 600), { ...profiles[0], signal: running.signal });
  const second = compiler.compile(answering(1), { ...profiles[0], signal: waiting.signal });
  const third = compiler.compile(answering(2), profiles[0]);
  waiting.abort(new Error("no longer needed"));
  await expect(second).rejects.toMatchObject({ code: "E_ABORTED", cause: new Error("no longer needed") });
  running.abort();
  await expect(first).rejects.toMatchObject({ code: "E_ABORTED" });
  await expect(third).resolves.toMatchObject({ fromCache: false });
  await expect(
    compiler.compile(answering(3), { ...profiles[0], signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: "E_ABORTED" });
}, 60_000);

test("close() fails what is under way, what waits and what comes later", async () => {
  const compiler = testCompiler();
  const running = compiler.compile(heavy(2000, 600), profiles[0]);
  const waiting = compiler.compile(answering(1), profiles[0]);
  const outcomes = Promise.allSettled([running, waiting]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await compiler.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "E_DISPOSED" } });
  }
  await expect(compiler.compile(answering(1), profiles[0])).rejects.toMatchObject({ code: "E_DISPOSED" });
});

test("an idle compiler does not keep the process alive, a busy one does", async () => {
  const script = `
    import { createCompiler } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
    const module = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]);
    const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false });
    compiler.compile(module, { machine: "kvm", fuel: false }).then(() => console.log("compiled"));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toBe("compiled\n");
}, 30_000);

test.each([
  ["machine", { machine: "xen", fuel: false }],
  ["fuel", { machine: "kvm", fuel: 1 }],
  ["signal", { machine: "kvm", fuel: false, signal: 5 }],
  ["object of options", undefined],
  ['unknown option "fule"', { machine: "kvm", fuel: false, fule: true }],
])("refuses a bad %s", async (name, options) => {
  const compiler = testCompiler();
  await expect(compiler.compile(answering(1), options as never)).rejects.toMatchObject({
    code: "E_OPTION",
    rawMessage: expect.stringContaining(name),
  });
});

test("refuses an option that it does not know", () => {
  expect(() => createCompiler({ nativeProgramm: false } as never)).toThrow(
    /^E_OPTION: createCompiler: unknown option "nativeProgramm"; known are cacheDirectory, cacheSize, /,
  );
});

test.each([{ memory: "much" }, { deadline: 0 }, { moduleSize: -1 }, { nativeProgram: "/no/such/program" }])(
  "refuses the option %o",
  (options) => {
    expect(() => testCompiler(options as never)).toThrow(/^E_OPTION: /);
  },
);
