// A guest with state of each kind: memory, a global, a table, a file, a host function.
import wabtInit from "wabt";

/** Bytes of its memory that `peek` shows: all of it. */
export const PEEKED = 65_536;

const text = `(module
  (import "twinwall" "seed" (func $seed (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "what the module began with")
  (table 2 4 funcref)
  (elem (i32.const 0) $ask $count)
  (global $count (mut i32) (i32.const 0))
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func $ask (export "ask") (result i32) (call $seed))
  (func $count (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "peek") (param i32 i32) (result i64) (i64.const ${PEEKED})))`;

/** The guest as a module. */
export async function guestModule(): Promise<Uint8Array> {
  const wabt = await wabtInit();
  const module = wabt.parseWat("state.wat", text, { bulk_memory: true });
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}
