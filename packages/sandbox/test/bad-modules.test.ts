import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createCompiler } from "@twinwall/compiler";
import { afterAll, describe, expect, it } from "vitest";
import { hostFunction, Sandbox, type SandboxOptions, t } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { alwaysFuel, machine, needsMachine } from "./support/machine.js";
import { assemble, moduleOf } from "./support/modules.js";

needsMachine();

const directory = mkdtempSync(join(tmpdir(), "twinwall-"));
const compiler = createCompiler({ cacheDirectory: join(directory, "cache") });
afterAll(async () => {
  await compiler.close();
  rmSync(directory, { recursive: true });
});

const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0);

describe("what is no module", () => {
  it.each<[string, () => Uint8Array, string, string]>([
    ["nothing", () => new Uint8Array(0), "E_BAD_MODULE", "the module is empty"],
    ["text", () => Uint8Array.from(Buffer.from("#!/bin/sh\n")), "E_BAD_MODULE", "it begins with 23212f62"],
    [
      "a header cut short",
      () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1),
      "E_BAD_MODULE",
      "cut short within its header",
    ],
    ["a module cut short", () => moduleOf("bytes").slice(0, -20), "E_BAD_MODULE", ""],
    ["a module with a broken body", () => corrupt(moduleOf("bytes")), "E_BAD_MODULE", ""],
    ["a component of another version", () => component, "E_BAD_MODULE", "component version 0xc is unknown"],
  ])("%s: one clear line, and nothing is cached", async (_, module, code, message) => {
    const error = await errorOf(() => Sandbox.create({ module: module(), compiler }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
    expect(filesIn(join(directory, "cache"))).toEqual([]);
  });
});

describe("compiled modules", () => {
  it("run as they are", async () => {
    const { bytes } = await compiler.compile(moduleOf("scalars"), { machine, fuel: alwaysFuel });
    await using sandbox = await Sandbox.create({ module: bytes });
    expect(sandbox.call("add", 20, 22)).toBe(42);
    expect(sandbox.stats().compileUs).toBe(0);
  });

  it("compiled with fuel need the limit, and the other way round: the flag is named", async () => {
    const { bytes: fuelled } = await compiler.compile(moduleOf("scalars"), { machine, fuel: true });
    const { bytes: plain } = await compiler.compile(moduleOf("scalars"), { machine, fuel: false });
    if (alwaysFuel) {
      await using sandbox = await Sandbox.create({ module: fuelled });
      expect(sandbox.call("add", 20, 22)).toBe(42);
      const without = await errorOf(() => Sandbox.create({ module: plain }));
      expect(without.message).toMatch(/it was compiled without --fuel, but machine soft needs it/);
    } else {
      const without = await errorOf(() => Sandbox.create({ module: fuelled }));
      expect(without.message).toMatch(
        /^E_BAD_MODULE: compiled module: it was compiled with --fuel, but limit fuel is off/,
      );
    }
    const withFuel = await errorOf(() => Sandbox.create({ module: plain, limits: { fuel: 1000 } }));
    expect(withFuel.message).toMatch(/^E_BAD_MODULE: compiled module: it was compiled without --fuel/);
  });

  it("compiled for another machine are E_BAD_MODULE, naming the flag", async () => {
    const other = machine === "soft" ? "kvm" : "soft";
    const { bytes } = await compiler.compile(moduleOf("scalars"), { machine: other, fuel: false });
    const error = await errorOf(() => Sandbox.create({ module: bytes, machine }));
    expect(error.code).toBe("E_BAD_MODULE");
    expect(error.message).toContain(`--machine ${other}, but runs on ${machine}`);
  });

  it("that are cut short or corrupted anywhere are E_BAD_MODULE", async () => {
    const { bytes } = await compiler.compile(moduleOf("scalars"), { machine, fuel: alwaysFuel });
    const step = Math.ceil(bytes.length / 40);
    for (let at = 8; at < bytes.length; at += step) {
      const corrupted = bytes.slice();
      corrupted[at] = (corrupted[at] ?? 0) ^ 0x10;
      expect((await errorOf(() => Sandbox.create({ module: corrupted }))).code, `byte ${at}`).toBe(
        "E_BAD_MODULE",
      );
      const short = bytes.slice(0, at);
      expect((await errorOf(() => Sandbox.create({ module: short }))).code, `${at} bytes`).toBe(
        "E_BAD_MODULE",
      );
    }
  });
});

describe("files", () => {
  it("are read from a path and from a URL", async () => {
    const path = join(directory, "scalars.wasm");
    writeFileSync(path, moduleOf("scalars"));
    for (const module of [path, pathToFileURL(path)]) {
      await using sandbox = await Sandbox.create({ module });
      expect(sandbox.call("add", 1, 1)).toBe(2);
    }
  });

  it("that are missing are E_NO_FILE, naming them", async () => {
    const error = await errorOf(() => Sandbox.create({ module: join(directory, "none.wasm") }));
    expect(error.code).toBe("E_NO_FILE");
    expect(error.message).toContain("none.wasm");
    expect(error.message).toContain("there is no such file");
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe("imports", () => {
  const seed = hostFunction({ params: [], result: t.i32 }, () => 1);

  it.each<[string, string, SandboxOptions["host"], string, string]>([
    [
      "an unknown module",
      '(import "env" "abort" (func (param i32)))',
      {},
      "E_IMPORT",
      '"env" "abort" (i32) -> ()',
    ],
    [
      "a host function that is not given",
      '(import "twinwall" "seed" (func))',
      {},
      "E_IMPORT",
      '"twinwall" "seed"',
    ],
    [
      "two of them",
      '(import "a" "b" (func)) (import "c" "d" (func))',
      {},
      "E_IMPORT",
      '"a" "b" () -> (), "c" "d"',
    ],
    ["a memory", '(import "env" "memory" (memory 1))', {}, "E_IMPORT", '"env" "memory" memory'],
    ["no WASI function", '(import "wasi_snapshot_preview1" "fd_nap" (func))', {}, "E_IMPORT", '"fd_nap"'],
    [
      "another signature",
      '(import "twinwall" "seed" (func (result i64)))',
      { seed },
      "E_TYPE",
      'host function "seed" is declared as () -> i32, but the module imports it as () -> i64',
    ],
    [
      "a property of every object",
      '(import "twinwall" "toString" (func))',
      { seed },
      "E_IMPORT",
      'given are "seed"',
    ],
  ])("%s: named before anything boots", async (_, text, host, code, message) => {
    const error = await errorOf(() =>
      Sandbox.create({ module: assemble(`(module ${text})`), host: host ?? {} }),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

describe("modules that cannot start", () => {
  it("whose memory is larger than the limit are E_MEMORY", async () => {
    const module = assemble('(module (memory (export "memory") 32))');
    expect((await errorOf(() => Sandbox.create({ module, limits: { memory: "1MiB" } }))).code).toBe(
      "E_MEMORY",
    );
    await using sandbox = await Sandbox.create({ module, limits: { memory: "2MiB" } });
    expect(sandbox.functions).toEqual([]);
  });

  it("that trap in their start function are E_TRAP with a backtrace", async () => {
    const module = assemble("(module (func $begin (unreachable)) (start $begin))");
    const error = await errorOf(() => Sandbox.create({ module }));
    expect(error.code).toBe("E_TRAP");
    expect(error.message).toContain("unreachable executed");
  });

  it("that never end their start function are E_DEADLINE", async () => {
    const module = assemble("(module (func $begin (loop $again (br $again))) (start $begin))");
    const error = await errorOf(() => Sandbox.create({ module, limits: { deadline: "50ms" } }));
    expect(error.code).toBe("E_DEADLINE");
  });
});

describe("options", () => {
  it.each<[string, object, string]>([
    ["an unknown name", { modul: 1 }, 'unknown option "modul"'],
    ["an unknown limit", { limits: { memroy: 1 } }, 'unknown limit "memroy"'],
    ["a bad limit", { limits: { memory: "64MB" } }, 'memory: "64MB" is no size'],
    ["a machine that does not exist", { machine: "xen" }, 'machine: "xen" is no machine'],
    [
      "a plain function as host function",
      { host: { now: () => 1 } },
      "host: now: expected a function made by",
    ],
    [
      "the name that is taken",
      { host: { fail: hostFunction({ params: [] }, () => {}) } },
      '"fail" belongs to Twinwall',
    ],
    [
      "a short seed",
      { seed: new Uint8Array(16) },
      "seed: expected a Uint8Array of 32 bytes, found a Uint8Array of 16 bytes",
    ],
    [
      "a module in shared memory",
      { module: new Uint8Array(new SharedArrayBuffer(8)) },
      "module: expected the bytes or the path of a module, found a Uint8Array over a SharedArrayBuffer",
    ],
    ["a relative path", { files: { "etc/words": "" } }, 'files: "etc/words" is no path'],
    ["a path that climbs", { files: { "/etc/../words": "" } }, "is no path"],
    ["a file in a file", { files: { "/a": "", "/a/b": "" } }, '"/a" is a file, but "/a/b" lies in it'],
    ["another snapshot", { snapshot: "new" }, 'snapshot: expected "shared" or "own"'],
    ["no signal", { signal: {} }, "signal: expected an AbortSignal"],
  ])("%s: E_OPTION, naming it", async (_, options, message) => {
    const error = await errorOf(() =>
      Sandbox.create({ module: moduleOf("scalars"), ...options } as SandboxOptions),
    );
    expect(error.code).toBe("E_OPTION");
    expect(error.message).toContain(message);
  });

  it("a missing module is E_OPTION", async () => {
    for (const options of [{}, { module: "" }, { module: 7 }, undefined]) {
      expect((await errorOf(() => Sandbox.create(options as never))).code).toBe("E_OPTION");
    }
  });

  it("the machine that was asked for is the one that is taken, and it says why", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), machine });
    expect(sandbox.machine).toBe(machine);
    expect(sandbox.machineReason).toContain(`${machine}, as option machine says`);
  });

  it("an aborted signal is E_ABORTED with its reason", async () => {
    const reason = new Error("enough");
    const error = await errorOf(() =>
      Sandbox.create({ module: moduleOf("scalars"), signal: AbortSignal.abort(reason) }),
    );
    expect(error.code).toBe("E_ABORTED");
    expect(error.cause).toBe(reason);
  });
});

function corrupt(bytes: Uint8Array): Uint8Array {
  // Opcode 0xff does not exist; the last bytes before the names belong to a function's body.
  const corrupted = bytes.slice();
  const body = Buffer.from(bytes).indexOf(Buffer.from([0x0b]), Math.floor(bytes.length / 2));
  corrupted[body] = 0xff;
  return corrupted;
}

function filesIn(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
