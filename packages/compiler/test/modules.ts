import wabt from "wabt";

const { parseWat } = await wabt();

/** Every proposal that wabt may need to write the test modules. */
const features = {
  exceptions: true,
  multi_memory: true,
  memory64: true,
  threads: true,
  tail_call: true,
  extended_const: true,
  reference_types: true,
  simd: true,
  multi_value: true,
  bulk_memory: true,
} as const;

/** Assembles a module from text. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = parseWat("test.wat", text, features);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** A module whose export `answer` is the given number: each number is another module. */
export function answering(number: number): Uint8Array<ArrayBuffer> {
  return assemble(`(module (func (export "answer") (result i32) (i32.const ${number})))`);
}

/** Some of everything that guests may use. */
export const variety: Readonly<Record<string, string>> = {
  arithmetic: `(module
    (memory (export "memory") 1 4)
    (func $gcd (export "gcd") (param i32 i32) (result i32)
      (if (result i32) (i32.eqz (local.get 1)) (then (local.get 0))
        (else (call $gcd (local.get 1) (i32.rem_u (local.get 0) (local.get 1))))))
    (func (export "mean") (param f64 f64) (result f64)
      (f64.div (f64.add (local.get 0) (local.get 1)) (f64.const 2)))
    (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1))))`,
  tables: `(module
    (type $unary (func (param i32) (result i32)))
    (table 2 funcref)
    (elem (i32.const 0) $double $square)
    (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
    (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
    (func (export "apply") (param i32 i32) (result i32)
      (call_indirect (type $unary) (local.get 1) (local.get 0))))`,
  simd: `(module
    (memory 1)
    (func (export "sum") (param i32) (result i32)
      (i32x4.extract_lane 0 (i32x4.add (v128.load (local.get 0)) (v128.const i32x4 1 2 3 4)))))`,
  tailCalls: `(module
    (func $count (export "count") (param i64 i64) (result i64)
      (if (result i64) (i64.eqz (local.get 0)) (then (local.get 1))
        (else (return_call $count (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 2)))))))`,
  bulkMemory: `(module
    (memory 1)
    (data $text "hello")
    (func (export "place") (param i32) (memory.init $text (local.get 0) (i32.const 0) (i32.const 5)))
    (func (export "move") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))`,
  imports: `(module
    (import "twinwall" "now" (func $now (result i64)))
    (import "twinwall" "log" (func (param i32 i32) (result i64)))
    (func (export "twice") (result i64) (i64.mul (call $now) (i64.const 2))))`,
  multiValue: `(module (func (export "swap") (param i32 f32) (result f32 i32) (local.get 1) (local.get 0)))`,
};

/** A valid module of `functions` functions with `steps` dependent additions each: as much work as one likes. */
export function heavy(functions: number, steps: number): Uint8Array<ArrayBuffer> {
  // local.get 0, i32.const N, i32.rotl, local.get 0, i32.add, local.set 0: nothing that could be computed beforehand
  const step = (index: number): number[] => [0x20, 0, 0x41, (index % 31) + 1, 0x77, 0x20, 0, 0x6a, 0x21, 0];
  const code = Array.from({ length: steps }, (_, index) => step(index)).flat();
  const body = [0, ...code, 0x20, 0, 0x0b];
  const sized = Uint8Array.from([...leb(body.length), ...body]);
  const bodies = Buffer.concat([
    Uint8Array.from(leb(functions)),
    ...Array<Uint8Array>(functions).fill(sized),
  ]);
  const types = [1, 0x60, 1, 0x7f, 1, 0x7f];
  const indices = Buffer.concat([Uint8Array.from(leb(functions)), Buffer.alloc(functions)]);
  const name = [...Buffer.from("run")];
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      section(1, Uint8Array.from(types)),
      section(3, indices),
      section(7, Uint8Array.from([1, name.length, ...name, 0, 0])),
      section(10, bodies),
    ]),
  );
}

/** A valid module with one function of `depth` blocks, each inside the one before. */
export function nested(depth: number): Uint8Array<ArrayBuffer> {
  const blocks = Array<number[]>(depth).fill([0x02, 0x40]).flat();
  const body = [0, ...blocks, ...Array<number>(depth).fill(0x0b), 0x0b];
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      section(1, Uint8Array.from([1, 0x60, 0, 0])),
      section(3, Uint8Array.from([1, 0])),
      section(10, Uint8Array.from([1, ...leb(body.length), ...body])),
    ]),
  );
}

/** The module with one more custom section. */
export function withSection(module: Uint8Array, name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), payload]);
  return new Uint8Array(Buffer.concat([module, section(0, content)]));
}

function section(id: number, content: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.from([id, ...leb(content.length)]), content]);
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}
