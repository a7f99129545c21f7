import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packages } from "../src/files.js";
import { checkCall, outputOf } from "../src/targets/wasi/effects.js";
import { type Parameter, wasiFunctions } from "../src/targets/wasi/functions.js";
import { type Call, formatScript, MEMORY_BYTES, parseScript } from "../src/targets/wasi/script.js";

const wasi = new URL("runtime/rust/core/src/wasi/define.rs", packages);

/** The functions as the guest runtime defines them: rows `state files::fd_sync(fd: u32);`. */
function defined(): Map<string, string[]> {
  const text = readFileSync(wasi, "utf8");
  const rows = text.matchAll(/^ {4}(?:state|host|ends) \w+::(\w+)\(([^)]*)\);$/gm);
  return new Map(
    [...rows].map(([, name = "", parameters = ""]) => [name, parameters.match(/[ui]\d\d/g) ?? []]),
  );
}

const bits: Readonly<Record<Parameter, RegExp>> = {
  descriptor: /32$/,
  pointer: /^u32$/,
  number: /32$/,
  wide: /64$/,
};

it("knows every function that the runtime has, with its parameters", () => {
  const rows = defined();
  expect(wasiFunctions.map(({ name }) => name).sort()).toEqual([...rows.keys()].sort());
  for (const { name, parameters } of wasiFunctions) {
    const types = rows.get(name) ?? [];
    expect(types.length, name).toBe(parameters.length);
    for (const [index, parameter] of parameters.entries())
      expect(types[index], name).toMatch(bits[parameter]);
  }
});

/** A call of a function with these arguments. */
function call(name: string, ...given: number[]): Call {
  const values = Array.from({ length: 9 }, (_, index) => BigInt(given[index] ?? 0));
  return { function: wasiFunctions.findIndex((one) => one.name === name), arguments: values };
}

const before = new Uint8Array(MEMORY_BYTES);

/** The same memory with one byte changed. */
function changed(at: number): Uint8Array {
  const after = before.slice();
  after[at] = 1;
  return after;
}

describe("a call", () => {
  it("may write where its arguments say", () => {
    checkCall(call("fd_tell", 4, 100), 0, before, changed(107));
    checkCall(call("random_get", 100, 50), 0, before, changed(149));
    checkCall(call("fd_sync", 4), 8, before, before);
  });

  it.each<[string, Call, number, Uint8Array, string]>([
    ["writes behind it", call("fd_tell", 4, 100), 0, changed(108), "fd_tell (0) wrote to 108"],
    ["writes in front of it", call("random_get", 100, 50), 0, changed(99), "random_get (0) wrote to 99"],
    ["writes, and has nowhere to", call("fd_sync", 4), 0, changed(0), "fd_sync (0) wrote to 0"],
    ["writes elsewhere and fails", call("fd_tell", 4, 100), 8, changed(9), "fd_tell (8) wrote to 9"],
    ["takes what is not in memory", call("fd_tell", 4, MEMORY_BYTES - 7), 0, before, "not in memory"],
    ["changes a file", call("path_unlink_file", 3, 16, 4), 0, before, "path_unlink_file succeeded"],
    ["gives no error number", call("fd_sync", 4), 77, before, "no error number"],
  ])("that %s is found", (_, made, errno, after, message) => {
    expect(() => checkCall(made, errno, before, after)).toThrow(message);
  });

  it("writes out what its vectors name", () => {
    const memory = before.slice();
    memory.set(Uint8Array.of(64, 0, 0, 0, 2, 0, 0, 0, 70, 0, 0, 0, 1, 0, 0, 0), 32);
    memory.set(Uint8Array.of(5, 6, 0, 0, 0, 0, 7), 64);
    expect([...outputOf(call("fd_write", 1, 32, 2, 0), memory)]).toEqual([5, 6, 7]);
    expect(outputOf(call("fd_read", 1, 32, 2, 0), memory)).toEqual(new Uint8Array(0));
  });
});

it("takes a script apart and puts it together", () => {
  const script = { calls: [call("fd_tell", 4, 100), call("sched_yield")], data: Uint8Array.of(1, 2, 3) };
  expect(parseScript(formatScript(script))).toEqual(script);
});
