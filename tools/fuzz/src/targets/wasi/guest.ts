// A command that calls what its input says, and shows its memory after each call.
import { describeWit } from "@twinwall/compiler";
import wabtInit from "wabt";
import { type Parameter, wasiFunctions } from "./functions.js";
import { CALL_BYTES, HEAD_BYTES, INPUT_ADDRESS, INPUT_BYTES, MEMORY_BYTES, MOST_CALLS } from "./script.js";

const isWide = (parameter: Parameter): boolean => parameter === "wide";

/** Calls one function with the arguments that were read, and leaves its error number in `$errno`. */
function caseOf(number: number): string {
  const { name, parameters } = wasiFunctions[number] as (typeof wasiFunctions)[number];
  const values = parameters.map((parameter, index) =>
    isWide(parameter) ? `(local.get $a${index})` : `(i32.wrap_i64 (local.get $a${index}))`,
  );
  const call = `(call $${name} ${values.join(" ")})`;
  return name === "proc_exit" ? `${call} (unreachable)` : `(local.set $errno ${call})`;
}

// What differs from run to run is taken back, so that both machines go on with the same memory.
const forget: Readonly<Record<string, string>> = {
  clock_time_get: "(i64.store (i32.wrap_i64 (local.get $a2)) (i64.const 0))",
  poll_oneoff: `
    (memory.fill (i32.wrap_i64 (local.get $a1)) (i32.const 0)
      (i32.mul (i32.wrap_i64 (local.get $a2)) (i32.const 32)))
    (i32.store (i32.wrap_i64 (local.get $a3)) (i32.const 0))`,
};

function block(): string {
  const labels = wasiFunctions.map((_, index) => `$f${index}`);
  const open = [...labels].reverse().map((label) => `(block ${label}`);
  const table = `(br_table ${labels.join(" ")}
    (i32.rem_u (i32.load (local.get $at)) (i32.const ${labels.length})))`;
  const cases = wasiFunctions.map(({ name }, index) => {
    const after = forget[name];
    const undo = after === undefined ? "" : `(if (i32.eqz (local.get $errno)) (then ${after}))`;
    return `) ${caseOf(index)} ${undo} (br $done)`;
  });
  return `(block $done ${open.join(" ")} ${table} ${cases.join("\n")})`;
}

/** What of a guest depends on how it meets its host. */
interface Frame {
  readonly pages: number;
  /** Functions of the host that it imports, and what it exports for them. */
  readonly imports: string;
  readonly exports: string;
  /** Gets the input. */
  readonly load: string;
  /** The function that makes the calls. */
  readonly entry: string;
}

const INPUT = `(i32.const ${INPUT_ADDRESS})`;

const module: Frame = {
  pages: MEMORY_BYTES / 65_536,
  imports: `
    (import "twinwall" "load" (func $load (param i32 i32) (result i64)))
    (import "twinwall" "note" (func $note (param i32 i32)))
    (import "twinwall" "show" (func $host_show (param i32 i32) (result i64)))`,
  exports: `
    (func $show (param i32 i32) (drop (call $host_show (local.get 0) (local.get 1))))
    (func (export "twinwall_allocate") (param i32) (result i32) ${INPUT})`,
  load: "(drop (call $load (i32.const 0) (i32.const 0)))",
  entry: "_start",
};

/** As a component: its calls go to WASI 0.2, by the adapter that the compiler puts in between. */
const component: Frame = {
  // The adapter takes pages of its own behind those that are shown.
  pages: 16,
  imports: `
    (import "$root" "load" (func $load (param i32)))
    (import "$root" "note" (func $note (param i32 i32)))
    (import "$root" "show" (func $show (param i32 i32)))`,
  exports: `
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.le_u (local.get 3) (i32.const ${INPUT_BYTES})) (then (return ${INPUT})))
      (i32.shl
        (memory.grow (i32.shr_u (i32.add (local.get 3) (i32.const 65535)) (i32.const 16)))
        (i32.const 16)))`,
  load: "(call $load (i32.const 8)) (i64.store (i32.const 8) (i64.const 0))",
  entry: "go",
};

/** The world of the component. */
const world = `package fuzz:guest;
world guest {
  import load: func() -> list<u8>;
  import note: func(index: u32, errno: u32);
  import show: func(memory: list<u8>);
  export go: func();
}`;

function text({ pages, imports: own, exports, load, entry }: Frame): string {
  const imports = wasiFunctions.map(({ name, parameters }) => {
    const types = parameters.map((parameter) => (isWide(parameter) ? "i64" : "i32"));
    const result = name === "proc_exit" ? "" : "(result i32)";
    return `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${types.join(" ")}) ${result}))`;
  });
  const most = Math.max(...wasiFunctions.map(({ parameters }) => parameters.length));
  const locals = Array.from({ length: most }, (_, index) => `$a${index}`);
  const loads = locals.map(
    (local, index) => `(local.set ${local} (i64.load offset=${HEAD_BYTES + 8 * index} (local.get $at)))`,
  );
  return `(module
    ${imports.join("\n")} ${own}
    (memory (export "memory") ${MEMORY_BYTES / 65_536} ${pages})
    ${exports}
    (func $one (param $at i32) (result i32) (local $errno i32)
      ${locals.map((local) => `(local ${local} i64)`).join(" ")}
      ${loads.join(" ")}
      ${block()}
      (local.get $errno))
    (func (export "${entry}") (local $index i32) (local $count i32)
      ${load}
      (local.set $count (i32.load ${INPUT}))
      (if (i32.gt_u (local.get $count) (i32.const ${MOST_CALLS}))
        (then (local.set $count (i32.const ${MOST_CALLS}))))
      (block $end (loop $next
        (br_if $end (i32.ge_u (local.get $index) (local.get $count)))
        (call $note (local.get $index) (call $one
          (i32.add (i32.const ${INPUT_ADDRESS + HEAD_BYTES})
            (i32.mul (local.get $index) (i32.const ${CALL_BYTES})))))
        (call $show (i32.const 0) (i32.const ${MEMORY_BYTES}))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $next)))))`;
}

async function assemble(frame: Frame): Promise<Uint8Array> {
  const wabt = await wabtInit();
  const parsed = wabt.parseWat("wasi.wat", text(frame), { bulk_memory: true });
  try {
    return Uint8Array.from(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

/** The guest as a command that imports WASI preview 1. */
export function moduleGuest(): Promise<Uint8Array> {
  return assemble(module);
}

/** The guest as a module that is made a component of when it is compiled. */
export async function componentGuest(): Promise<Uint8Array> {
  const { section } = await describeWit({ "guest.wit": world });
  const core = await assemble(component);
  const bytes = new Uint8Array(core.length + section.length);
  bytes.set(core);
  bytes.set(section, core.length);
  return bytes;
}
