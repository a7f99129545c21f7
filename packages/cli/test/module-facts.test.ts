import type { CoreType, ModuleExport, ModuleImport } from "@twinwall/abi";
import { describe, expect, it } from "vitest";
import { describeModule } from "../src/module-facts.js";
import { WASI_FUNCTIONS } from "../src/wasi-names.js";

const func = (name: string, parameters: CoreType[], results: CoreType[]): ModuleExport => ({
  name,
  kind: "function",
  parameters,
  results,
});
const memory: ModuleExport = { name: "memory", kind: "memory", parameters: [], results: [] };
const echo = func("echo", ["i32", "i32"], ["i64"]);
const allocate = func("twinwall_allocate", ["i32"], ["i32"]);
const imported = (module: string, entry: ModuleExport): ModuleImport => ({ module, ...entry });

describe("describeModule", () => {
  it("finds functions on bytes where the byte ABI is complete", () => {
    const facts = describeModule([memory, echo, allocate, func("add", ["i32", "i64"], ["f64"])], []);
    expect(facts.missing).toEqual([]);
    expect(facts.functions).toEqual([
      { name: "echo", signature: "(i32, i32) -> i64", bytes: true, scalar: true, typed: false },
      { name: "add", signature: "(i32, i64) -> f64", bytes: false, scalar: true, typed: false },
    ]);
    expect(facts.otherExports.map(({ name }) => name)).toEqual(["memory", "twinwall_allocate"]);
  });

  it("names each missing piece of the byte ABI", () => {
    const { functions, missing } = describeModule([echo], []);
    expect(functions[0]).toMatchObject({ bytes: false, scalar: true });
    expect(missing).toEqual([
      'no export "memory": bytes cannot be moved in or out',
      'no export twinwall_allocate: "echo" can be called with scalars, but not with bytes',
    ]);
    expect(describeModule([memory, echo, func("twinwall_allocate", [], ["i32"])], []).missing).toEqual([
      "twinwall_allocate is () -> i32, it must be (i32) -> i32",
    ]);
  });

  it("knows a WASI command, and a function that takes no scalars", () => {
    const facts = describeModule(
      [memory, func("_start", [], []), func("simd", ["v128"], [])],
      [imported("wasi_snapshot_preview1", func("fd_write", ["i32", "i32", "i32", "i32"], ["i32"]))],
    );
    expect(facts).toMatchObject({ command: true, missing: [], imports: [{ provider: "wasi" }] });
    expect(facts.functions).toMatchObject([{ name: "simd", scalar: false, bytes: false }]);
  });

  it("tells imports apart by who provides them", () => {
    const facts = describeModule(
      [memory],
      [
        imported("twinwall", func("fail", ["i32", "i32", "i32"], [])),
        imported("twinwall", func("now", [], ["i64"])),
        imported("env", func("abort", [], [])),
        imported("wasi_snapshot_preview1", func("fd_invent", [], [])),
      ],
    );
    expect(facts.imports.map(({ provider }) => provider)).toEqual([
      "twinwall",
      "host function",
      "nobody",
      "nobody",
    ]);
    expect(facts.missing).toEqual([
      'host function "now" must be given to Sandbox.create',
      'import "env" "abort" (function) is provided by nobody',
      'import "wasi_snapshot_preview1" "fd_invent" (function) is provided by nobody',
    ]);
  });

  it("knows all of WASI preview 1", () => {
    expect(WASI_FUNCTIONS.size).toBe(46);
  });
});
