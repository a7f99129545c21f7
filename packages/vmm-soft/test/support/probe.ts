import { ABI_VERSION, FUEL_UNLIMITED } from "@twinwall/abi";
import type { HostCallHandler, Machine, MachineLimits, RecordHandler, Snapshot } from "@twinwall/vmm";
import wabtInit from "wabt";
import { openSoftDriver } from "../../src/index.js";

const wabt = await wabtInit();

/** What function of the probe does what. */
export const Probe = Object.freeze({
  /** Makes its input the report, and comes back. */
  Report: 0,
  /** Makes its input the report, leaves by the gate, and is done then. */
  Gate: 1,
  Trap: 2,
  /** Calls itself for ever. */
  Recurse: 3,
  /** Loops for ever. */
  Spin: 4,
  /** Writes 0xa5 to everything from the mailbox to the end of memory, and is done. */
  Scribble: 5,
  /** Answers with its input. */
  Echo: 6,
  /** Grows memory by one page on its own, and is done. */
  Grow: 7,
  /** Answers with the bytes at the address that its input begins with: as many as the input has. */
  Peek: 8,
  /** Writes its input to the address that it begins with, and is done. */
  Poke: 9,
});

// An image without a runtime, which plays the attacker: the mailbox's fields by their offsets. As in every image, all
// state lies in memory, so that a snapshot holds it: the mailbox's address at 4096.
const text = `(module
  (import "env" "memory" (memory 1))
  (import "twinwall" "gate" (func $gate))
  (func (export "place") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (i32.store (i32.const 4096) (local.get 0)))
  (func (export "warm") (param i32) (result i32) (local.get 0))
  (func (export "boot") (i32.store offset=512 (i32.load (i32.const 4096)) (i32.const 1)))
  (func $report
    (memory.copy
      (i32.add (i32.load (i32.const 4096)) (i32.const 512))
      (i32.load offset=24 (i32.load (i32.const 4096)))
      (i32.load offset=32 (i32.load (i32.const 4096)))))
  (func $done
    (i32.store offset=512 (i32.load (i32.const 4096)) (i32.const 2))
    (i32.store16 offset=516 (i32.load (i32.const 4096)) (i32.const 0))
    (i64.store offset=528 (i32.load (i32.const 4096)) (i64.load offset=8 (i32.load (i32.const 4096))))
    (i64.store offset=544 (i32.load (i32.const 4096)) (i64.const 0))
    (i64.store offset=576 (i32.load (i32.const 4096)) (i64.const 0)))
  (func $echo
    (memory.copy
      (i32.load offset=40 (i32.load (i32.const 4096)))
      (i32.load offset=24 (i32.load (i32.const 4096)))
      (i32.load offset=32 (i32.load (i32.const 4096))))
    (call $done)
    (i64.store offset=536 (i32.load (i32.const 4096)) (i64.load offset=40 (i32.load (i32.const 4096))))
    (i64.store offset=544 (i32.load (i32.const 4096)) (i64.load offset=32 (i32.load (i32.const 4096)))))
  (func $peek
    (memory.copy
      (i32.load offset=40 (i32.load (i32.const 4096)))
      (i32.load (i32.load offset=24 (i32.load (i32.const 4096))))
      (i32.load offset=32 (i32.load (i32.const 4096))))
    (call $done)
    (i64.store offset=536 (i32.load (i32.const 4096)) (i64.load offset=40 (i32.load (i32.const 4096))))
    (i64.store offset=544 (i32.load (i32.const 4096)) (i64.load offset=32 (i32.load (i32.const 4096)))))
  (func $poke
    (memory.copy
      (i32.load (i32.load offset=24 (i32.load (i32.const 4096))))
      (i32.load offset=24 (i32.load (i32.const 4096)))
      (i32.load offset=32 (i32.load (i32.const 4096))))
    (call $done))
  (func $recurse (call $recurse) (call $done))
  (func $scribble
    (local $request i64)
    (local.set $request (i64.load offset=8 (i32.load (i32.const 4096))))
    (memory.fill
      (i32.load (i32.const 4096))
      (i32.const 0xa5)
      (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.load (i32.const 4096))))
    (call $done)
    (i64.store offset=528 (i32.load (i32.const 4096)) (local.get $request)))
  (func (export "dispatch")
    (block $9 (block $8 (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 $4 $5 $6 $7 $8 $9 (i32.load offset=20 (i32.load (i32.const 4096)))))
      (call $report) (return))
      (call $report) (call $gate) (call $done) (return))
      (unreachable))
      (call $recurse) (return))
      (loop $again (br $again)))
      (call $scribble) (return))
      (call $echo) (return))
    (drop (memory.grow (i32.const 1)))
      (call $done) (return))
      (call $peek) (return))
    (call $poke)))`;

/** The probe as an image. */
export function probeImage(): Uint8Array {
  const module = wabt.parseWat("probe.wat", text, { bulk_memory: true });
  const code = Uint8Array.from(module.toBinary({}).buffer);
  module.destroy();
  return Uint8Array.from([...code, ...header()]);
}

/** The custom section by which a host knows an image; see `image.ts`. */
function header(): number[] {
  const fields = new DataView(new ArrayBuffer(20));
  [0x4d495754, ABI_VERSION, 4096, 8192, 4096].forEach((value, index) => {
    fields.setUint32(4 * index, value, true);
  });
  const name = [...new TextEncoder().encode("twinwall")];
  const contents = [name.length, ...name, ...new Uint8Array(fields.buffer)];
  return [0, contents.length, ...contents];
}

export const limits: MachineLimits = {
  memoryBytes: 2 ** 20,
  inputBytes: 2 ** 20,
  outputBytes: 65_536,
  outboxBytes: 65_536,
  hostCalls: 100,
  hostBytes: 1 << 30,
  cpuTimeUs: 0,
  deadlineUs: 1_000_000,
  fuel: FUEL_UNLIMITED,
};

/** Boots the probe. */
export function bootProbe(image = probeImage(), recycle = true): Snapshot {
  return openSoftDriver().boot({
    image,
    attachments: [Uint8Array.of(1, 2, 3)],
    input: new Uint8Array(0),
    limits,
    seed: undefined,
    recycle,
    hostCall: () => -6,
    record: () => {},
  });
}

/** A machine of the probe. */
export function probeMachine(
  snapshot: Snapshot,
  hostCall: HostCallHandler = () => new Uint8Array(0),
  record: RecordHandler = () => {},
): Machine {
  return snapshot.machine(limits, hostCall, record);
}
