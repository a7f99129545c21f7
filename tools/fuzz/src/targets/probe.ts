import { ABI_VERSION } from "@twinwall/abi";
import wabtInit from "wabt";

// An image without a runtime: function 0 makes its input the report and leaves by the gate, and is done when the host
// comes back; function 1 does so at the end of its call; every other answers with nothing. The mailbox's address is kept
// at 4096, fields are at the offsets of schema/mailbox.fbs.
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
  (func $done (local $mailbox i32)
    (local.set $mailbox (i32.load (i32.const 4096)))
    (memory.fill (i32.add (local.get $mailbox) (i32.const 512)) (i32.const 0) (i32.const 104))
    (i32.store offset=512 (local.get $mailbox) (i32.const 2))
    (i64.store offset=528 (local.get $mailbox) (i64.load offset=8 (local.get $mailbox))))
  (func (export "dispatch") (local $function i32)
    (local.set $function (i32.load offset=20 (i32.load (i32.const 4096))))
    (if (i32.lt_u (local.get $function) (i32.const 2)) (then (call $report)))
    (if (i32.eqz (local.get $function)) (then (call $gate)))
    (if (i32.ne (local.get $function) (i32.const 1)) (then (call $done)))))`;

/** Bytes of the probe without its header. */
async function assemble(): Promise<Uint8Array> {
  const wabt = await wabtInit();
  const module = wabt.parseWat("probe.wat", text, { bulk_memory: true });
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

export const probeCode = await assemble();

/** The custom section by which the host knows an image, with its header. */
export function headerSection(): Uint8Array {
  const fields = new DataView(new ArrayBuffer(20));
  [0x4d495754, ABI_VERSION, 4096, 8192, 4096].forEach((value, index) => {
    fields.setUint32(4 * index, value, true);
  });
  const name = [...new TextEncoder().encode("twinwall")];
  const contents = [name.length, ...name, ...new Uint8Array(fields.buffer)];
  return Uint8Array.from([0, contents.length, ...contents]);
}

/** The probe with this behind its code. */
export function withSection(section: Uint8Array): Uint8Array {
  const image = new Uint8Array(probeCode.length + section.length);
  image.set(probeCode);
  image.set(section, probeCode.length);
  return image;
}
