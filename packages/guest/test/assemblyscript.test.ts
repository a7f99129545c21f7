import { describe, expect, test } from "vitest";
import { compiledAssemblyScript } from "./support/compiled.js";
import { Guest, textOf, utf8 } from "./support/guest.js";
import { expectSameText } from "./support/text.js";

const library = "@twinwall/guest/assemblyscript";
const source = `
import { answer, console, fail, read, readText, respond, respondText } from "${library}";
export { twinwall_allocate, twinwall_free } from "${library}";

// @ts-ignore: decorator
@external("twinwall", "double")
declare function double(pointer: usize, length: usize): u64;

export function echo(pointer: usize, length: usize): u64 {
  return respond(read(pointer, length));
}

export function check(pointer: usize, length: usize): u64 {
  return respondText(readText(pointer, length));
}

const kept: Uint8Array[] = [];

/** Keeps the input, the host's answer and a result, and makes a lot of garbage. */
export function keep(pointer: usize, length: usize): u64 {
  const bytes = read(pointer, length);
  const doubled = answer(double(bytes.dataStart, bytes.byteLength));
  const result = new Uint8Array(bytes.length);
  result.set(bytes);
  kept.push(bytes);
  kept.push(doubled);
  kept.push(result);
  for (let i = 0; i < 50; i++) new Array<string>(i).fill("garbage".repeat(i));
  return respond(result.subarray(1));
}

/** Looks at the input only when the collector has been through a lot. */
export function late(pointer: usize, length: usize): u64 {
  for (let i = 0; i < 2_000; i++) new Array<string>(i % 50).fill("garbage".repeat(i % 50));
  return respond(read(pointer, length));
}

/** Whether all that was kept is what it was. */
export function intact(): bool {
  for (let i = 0; i < kept.length; i++)
    for (let j = 0; j < kept[i].length; j++) if (kept[i][j] != kept[i][0]) return false;
  return true;
}

export function lengths(): i32 {
  let sum = 0;
  for (let i = 0; i < kept.length; i++) sum += kept[i].length;
  return sum;
}

function endless(text: string): string {
  return endless(text + "x") + text;
}

export function overflows(pointer: usize, length: usize): u64 {
  return respondText(endless(readText(pointer, length)));
}

function sink(text: string, depth: i32): string {
  return depth == 0 ? fail<string>(5, text) : sink(text + depth.toString(), depth - 1) + text;
}

export function sinks(pointer: usize, length: usize): u64 {
  return respondText(sink(readText(pointer, length), 20));
}

export function throws(pointer: usize, length: usize): u64 {
  const bytes = read(pointer, length);
  return respond(bytes.subarray(bytes[1_000_000]));
}

export function say(pointer: usize, length: usize): u64 {
  console.log(readText(pointer, length));
  console.error("é");
  return 0;
}

export function surrogate(pointer: usize, length: usize): u64 {
  return respondText("a" + String.fromCharCode(0xd83d));
}
`;

const double = (bytes: Uint8Array) => Uint8Array.of(...bytes, ...bytes);
const runtimes = ["incremental", "minimal", "stub"] as const;
const modules = new Map<string, Uint8Array>();

/** The guest, compiled once for each runtime. */
function open(runtime: (typeof runtimes)[number] = "incremental", options: readonly string[] = []): Guest {
  const key = [runtime, ...options].join(" ");
  const module = modules.get(key) ?? compiledAssemblyScript(source, ["--runtime", runtime, ...options]);
  modules.set(key, module);
  return new Guest(module, { double });
}

describe.each(runtimes)("the runtime %s", (runtime) => {
  test("passes bytes both ways", () => {
    const guest = open(runtime);
    for (const text of ["", "a", "hello", "x".repeat(100_000)])
      expect(textOf(guest.call("echo", utf8(text)))).toBe(text);
  });

  test("reports failures", () => {
    const guest = open(runtime);
    expect(() => guest.call("sinks", utf8("a"))).toThrow(/^a20191817/);
    expect(() => guest.call("throws", utf8("a"))).toThrow(
      /^Index out of range at ~lib\/typedarray\.ts:\d+:\d+$/,
    );
    expect(textOf(guest.call("check", utf8("a")))).toBe("a");
  });
});

test("what a guest keeps survives the collector", () => {
  // Collecting at each kilobyte, and never resting.
  const guest = open("incremental", ["--use", "ASC_GC_IDLEFACTOR=100"]);
  for (let call = 1; call <= 300; call++) {
    const input = new Uint8Array(call).fill(call);
    expect(guest.call("keep", input)).toEqual(input.subarray(1));
  }
  expect(guest.scalar("intact")).toBe(1);
  expect(guest.scalar("lengths")).toBe(4 * ((300 * 301) / 2));
});

test("an input stays where it is, whatever the collector does", () => {
  const guest = open();
  for (let call = 1; call <= 20; call++) {
    const input = new Uint8Array(100 * call).fill(call);
    expect(guest.call("late", input)).toEqual(input);
  }
});

test("a full stack is reported, and is empty again", () => {
  const guest = open();
  for (let call = 0; call < 20; call++) {
    expect(() => guest.call("overflows", utf8("a"))).toThrow(/^stack overflow/);
    expect(textOf(guest.call("check", utf8("text")))).toBe("text");
  }
});

test("memory stays flat in a session, whatever fails in it", () => {
  const guest = open();
  const pages: number[] = [];
  for (let call = 0; call < 10_000; call++) {
    guest.call("echo", new Uint8Array(call % 2_000));
    guest.call("check", utf8("text".repeat(call % 50)));
    expect(() => guest.call("sinks", utf8("text".repeat(call % 50)))).toThrow(/^text|^20/);
    expect(() => guest.call("throws", utf8("a"))).toThrow("Index out of range");
    pages.push(guest.exports.memory.buffer.byteLength / 65_536);
  }
  expect(pages.at(-1)).toBe(pages[1_000]);
});

test("has no memory for what is too large", () => {
  expect(open().exports.twinwall_allocate(-1)).toBe(0);
});

test("takes for text what is UTF-8, and writes nothing else", () => {
  const guest = open();
  expectSameText((bytes) => expect(guest.call("check", bytes)).toEqual(bytes));
  expect(textOf(guest.call("surrogate"))).toBe("a\ufffd");
});

test("the console writes lines to stdout and stderr", () => {
  const guest = open();
  guest.call("say", utf8("hello"));
  expect(guest.written).toEqual([
    [1, "hello\n"],
    [2, "é\n"],
  ]);
});
