import { readFile } from "node:fs/promises";
import { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { errorCodeOf } from "@twinwall/abi";
import { beforeAll, expect, test } from "vitest";
import { compilerWasm } from "../src/compiler-wasm.js";
import type { WorkerReply, WorkerRequest } from "../src/worker-protocol.js";
import { serve } from "../src/worker-service.js";
import { assemble } from "./modules.js";

const wit = `package docs:calc@0.1.0;
interface types {
  record point { x: f64, y: f64 }
  variant shape { dot, line(u8), text(list<string>) }
  flags rights { read, write }
  enum color { red, green }
}
interface log { resource logger { constructor(name: string); log: func(text: string); } }
interface ops {
  use types.{point, shape, rights, color};
  move: func(by: point, points: list<point>) -> result<list<point>, string>;
  all: func(a: shape, b: rights, c: color, d: option<tuple<u8, char>>) -> shape;
  resource counter { constructor(start: u32); get: func() -> u32; max: static func() -> u32; }
}
world calc { import log; import now: func() -> u64; export ops; export add: func(a: u8, b: option<char>); }`;

const core = assemble(`(module
  (import "$root" "now" (func (result i64)))
  (import "docs:calc/log@0.1.0" "[constructor]logger" (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#move") (param f64 f64 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#all") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[constructor]counter") (param i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[method]counter.get") (param i32) (result i32) unreachable)
  (func (export "docs:calc/ops@0.1.0#[static]counter.max") (result i32) unreachable)
  (func (export "add") (param i32 i32 i32)))`);

/** What a Worker does, without the Worker: thousands of jobs in a few seconds. */
function ask(request: WorkerRequest): WorkerReply {
  const replies: WorkerReply[] = [];
  serve(request, (reply) => void replies.push(reply));
  const [reply] = replies;
  if (reply === undefined) throw new Error("the Worker did not answer");
  return reply;
}

const bounds = { moduleBytes: 2 ** 26, artifactBytes: 2 ** 28, memoryBytes: 2 ** 28 };

function compile(module: Uint8Array<ArrayBuffer>): WorkerReply {
  return ask({ kind: "compile", module, machine: "soft", fuel: false, ...bounds });
}

function describeWorld(text: string): WorkerReply {
  return ask({ kind: "describe", files: [["a.wit", text]], world: undefined, utf16: false, ...bounds });
}

beforeAll(async () => {
  const compiler = await WebAssembly.compile(await readFile(compilerWasm));
  serve({ kind: "start", compiler }, () => undefined);
});

/** The same numbers in every run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Changes, drops, repeats and moves bytes behind `from`. */
function damage(
  source: Uint8Array,
  from: number,
  random: (limit: number) => number,
): Uint8Array<ArrayBuffer> {
  const bytes = [...source];
  const place = (): number => from + random(bytes.length - from);
  for (let left = 1 + random(3); left > 0; left--) {
    const [to, start] = [place(), place()];
    const piece = bytes.slice(start, start + 1 + random(30));
    const ways = [
      () => bytes.splice(to, 1, random(256)),
      () => bytes.splice(to, 1, (bytes[to] ?? 0) ^ (1 << random(8))),
      () => bytes.splice(to, 1 + random(4)),
      () => bytes.splice(to, 0, ...piece),
      () => bytes.splice(to, piece.length, ...piece),
    ];
    ways[random(ways.length)]?.();
  }
  return Uint8Array.from(bytes);
}

/** Nothing but a result or a refusal: no panic, no trap, no end of the stack or of memory. */
function expectAnAnswer(reply: WorkerReply, round: number): void {
  expect(reply.kind, `round ${round}`).toMatch(/^(artifact|description|refused)$/);
  if (reply.kind !== "refused") return;
  expect(errorCodeOf(reply.code), `round ${round}`).toMatch(/^E_(BAD_MODULE|UNSUPPORTED)$/);
  expect(reply.message).not.toContain("\n");
}

test("damaged WIT gets an answer", { timeout: 120_000 }, () => {
  const random = numbers(1);
  const source = new TextEncoder().encode(wit);
  for (let round = 0; round < 1500; round++)
    expectAnAnswer(describeWorld(new TextDecoder().decode(damage(source, 0, random))), round);
  expect(describeWorld(wit).kind).toBe("description");
});

test("damaged worlds of modules and damaged components get one", { timeout: 120_000 }, async () => {
  const described = describeWorld(wit);
  if (described.kind !== "description") throw new Error("a good world is refused");
  const module = Uint8Array.from([...core, ...described.section]);
  const component = await componentNew(module);
  const random = numbers(2);
  for (let round = 0; round < 1500; round++) {
    expectAnAnswer(compile(damage(module, core.length, random)), round);
    expectAnAnswer(compile(damage(component, 8, random)), round);
  }
  expect(compile(module).kind).toBe("artifact");
});
