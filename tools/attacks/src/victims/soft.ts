import { ABI_VERSION } from "@twinwall/abi";
import { assemble } from "../wasm.js";
import type { HostileImage } from "./victim.js";

// All state of an image lies in memory, so that a snapshot holds it: the mailbox's address at 4096, a secret at 4104.
const mailbox = "(i32.load (i32.const 4096))";
const input = `(i32.load offset=24 ${mailbox})`;
const length = `(i32.load offset=32 ${mailbox})`;
const output = `(i32.load offset=40 ${mailbox})`;

const done = `
  (i32.store offset=512 ${mailbox} (i32.const 2))
  (i32.store16 offset=516 ${mailbox} (i32.const 0))
  (i64.store offset=528 ${mailbox} (i64.load offset=8 ${mailbox}))
  (i64.store offset=544 ${mailbox} (i64.const 0))
  (i64.store offset=576 ${mailbox} (i64.const 0))`;

const answer = (from: string): string => `
  (memory.copy ${output} ${from} ${length})
  ${done}
  (i64.store offset=536 ${mailbox} (i64.load offset=40 ${mailbox}))
  (i64.store offset=544 ${mailbox} (i64.load offset=32 ${mailbox}))`;

const copyReport = `(memory.copy (i32.add ${mailbox} (i32.const 512)) ${input} ${length})`;

const forever = (body: string): string => `(loop $again ${body} (br $again))`;

/** What each function does. */
const bodies: Readonly<Record<string, string>> = {
  echo: answer(input),
  "report from the input": copyReport,
  "gate with the input's report": `${copyReport} (call $gate) ${done}`,
  trap: "(unreachable)",
  "division by zero": `(drop (i32.div_u (i32.const 1) (i32.const 0))) ${done}`,
  "read beyond memory": `(drop (i32.load (i32.const -4))) ${done}`,
  "write beyond memory": `(memory.fill (i32.const -65536) (i32.const 1) (i32.const 65536)) ${done}`,
  "indirect call of nothing": "(call_indirect (type $nothing) (i32.const 0))",
  recursion: `(call $recurse) ${done}`,
  loop: forever(""),
  "gate without end": `${copyReport} ${forever("(call $gate)")}`,
  // Everything from the mailbox to the end of memory.
  scribble: `
    (local $request i64)
    (local.set $request (i64.load offset=8 ${mailbox}))
    (memory.fill ${mailbox} (i32.const 0xa5) (i32.sub (i32.mul (memory.size) (i32.const 65536)) ${mailbox}))
    ${done}
    (i64.store offset=528 ${mailbox} (local.get $request))`,
  // As long as the engine lets it, without asking the host.
  "growth behind the host's back": `(drop (memory.grow (i32.const 1))) ${done}`,
  keep: `
    (i64.store (i32.const 4104) (i64.load ${input}))
    (i64.store offset=2048 ${mailbox} (i64.load ${input}))
    (i64.store offset=1000 ${output} (i64.load ${input}))
    (i64.store (i32.const 2048) (i64.load ${input}))
    ${done}`,
  tell: `
    (i64.store ${output} (i64.load (i32.const 4104)))
    ${done}
    (i64.store offset=536 ${mailbox} (i64.load offset=40 ${mailbox}))
    (i64.store offset=544 ${mailbox} (i64.const 8))`,
  // Bytes from the address that the input begins with: as many as the input has.
  peek: answer(`(i32.load ${input})`),
  // The number of bytes of memory.
  size: `
    (i64.store ${output} (i64.mul (i64.extend_i32_u (memory.size)) (i64.const 65536)))
    ${done}
    (i64.store offset=536 ${mailbox} (i64.load offset=40 ${mailbox}))
    (i64.store offset=544 ${mailbox} (i64.const 8))`,
};

function text(): string {
  const names = Object.keys(bodies);
  const functions = names.map((name, index) => `(func $f${index} ${bodies[name]})`);
  const branches = names.map((_, index) => `$b${index}`);
  // The innermost block is the first function's.
  const dispatch = names.reduceRight<string>(
    (inner, _, index) => `(block ${branches[index]} ${inner}) (call $f${index}) (return)`,
    `(br_table ${[...branches].join(" ")} (i32.load offset=20 ${mailbox}))`,
  );
  return `(module
    (import "env" "memory" (memory 1))
    (import "twinwall" "gate" (func $gate))
    (type $nothing (func))
    (table 1 funcref)
    (func (export "place") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (i32.store (i32.const 4096) (local.get 0)))
    (func (export "warm") (param i32) (result i32) (local.get 0))
    (func (export "boot") (i32.store offset=512 ${mailbox} (i32.const 1)))
    (func $recurse (call $recurse) ${done})
    ${functions.join("\n")}
    (func (export "dispatch") ${dispatch}))`;
}

/** The custom section by which a host knows an image of the soft machine. */
function header(): number[] {
  const fields = new DataView(new ArrayBuffer(20));
  for (const [index, value] of [0x4d49_5754, ABI_VERSION, 4096, 8192, 4096].entries())
    fields.setUint32(4 * index, value, true);
  const name = [...new TextEncoder().encode("twinwall")];
  const contents = [name.length, ...name, ...new Uint8Array(fields.buffer)];
  return [0, contents.length, ...contents];
}

/** The hostile image of the soft machine: a module that speaks to the host as it likes. */
export function softImage(): HostileImage {
  const functions = new Map(Object.keys(bodies).map((name, index) => [name, index]));
  const tell = functions.get("tell");
  return {
    image: Uint8Array.from([...assemble(text()), ...header()]),
    functions,
    zeros: tell === undefined ? [] : [tell],
  };
}
