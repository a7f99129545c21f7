// Writes the inputs that are made from something else: vectors of the ABI, modules, an ELF file. What lies in corpus/values
// and corpus/flatbuffers, and what was found, is kept by hand.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { ABI_VERSION, decodeArtifact, GateOperation, reportLayout, writeStruct } from "@twinwall/abi";
import { createCompiler, describeWit } from "@twinwall/compiler";
import wabtInit from "wabt";
import { elf } from "./elf.mjs";

const corpora = new URL("../corpus/", import.meta.url);
const packages = new URL("../../../packages/", import.meta.url);

/**
 * @param {string} target
 * @param {string} name
 * @param {Uint8Array} bytes
 */
function write(target, name, bytes) {
  const folder = new URL(`${target}/`, corpora);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, folder), bytes);
}

/** @param {string} name */
const vectors = (name) => JSON.parse(readFileSync(new URL(`abi/vectors/${name}.json`, packages), "utf8"));
/** @param {string} hex */
const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, "hex"));

for (const [target, list] of [
  ["outbox", [...vectors("records").good, ...vectors("records").bad]],
  ["batch", [...vectors("batches").good, ...vectors("batches").bad]],
  ["boot", vectors("boot").configurations],
  ["command", vectors("commands").commands],
]) {
  list.forEach((/** @type {{ bytes: string }} */ { bytes }, /** @type {number} */ index) => {
    for (const name of target === "outbox" || target === "batch"
      ? [target, `abi-${target}`]
      : [`abi-${target}`])
      write(name, `vector-${index}.bin`, bytesOf(bytes));
  });
}
for (const [name, flags] of [
  ["nothing", 0],
  ["last", 2],
  ["upstream", 1],
  ["unknown", 0x80],
]) {
  const chunk = Uint8Array.from([Number(flags), 1, 2, 3]);
  write("connection", `${name}.bin`, chunk);
  write("abi-connection", `${name}.bin`, chunk);
}
const frames = "0\tstart\t0x4f\n12\t\t\n3\tinner<T>\t\nnot a frame\n4294967295\tlöng\t0xffffffffff\n";
write("backtrace", "frames.txt", new TextEncoder().encode(frames));
write("backtrace", "many.txt", new TextEncoder().encode("1\tagain\t0x1\n".repeat(80)));

const wabt = await wabtInit();
const wat = readFileSync(new URL("world.wat", import.meta.url), "utf8");
const wit = readFileSync(new URL("world.wit", import.meta.url), "utf8");
const core = new Uint8Array(wabt.parseWat("world.wat", wat, {}).toBinary({}).buffer);
const small = new Uint8Array(
  wabt
    .parseWat(
      "small.wat",
      '(module (memory (export "memory") 1) (func (export "answer") (result i32) (i32.const 42)))',
      {},
    )
    .toBinary({}).buffer,
);
const { section } = await describeWit({ "world.wit": wit });
const module = Uint8Array.from([...core, ...section]);
const component = await componentNew(module);
write("wit", "world.wit", new TextEncoder().encode(wit));
write("module", "core.wasm", small);
write("module", "component-type.wasm", module);
write("module", "component.wasm", component);

const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false });
for (const [name, wasm] of [
  ["module", small],
  ["component", component],
]) {
  const { bytes } = await compiler.compile(/** @type {Uint8Array} */ (wasm), {
    machine: "soft",
    fuel: false,
  });
  const file = shorten(bytes);
  write("artifact", `${name}.cwasm`, file);
  write("abi-artifact", `${name}.cwasm`, file);
}
await compiler.close();

/**
 * A compiled module without most of its code, which the readers hand on as it is: what is found there is no finding.
 * @param {Uint8Array} file
 */
function shorten(file) {
  const { code } = decodeArtifact(file);
  const at = code.byteOffset - file.byteOffset;
  if (at + code.length + 8 < file.length) return file;
  const short = file.slice(0, at + 64);
  new DataView(short.buffer).setUint32(at - 4, 64, true);
  return short;
}

write(
  "flatbuffers-schema",
  "shop.bfbs",
  readFileSync(new URL("codec-flatbuffers/test/generated/shop.bfbs", packages)),
);

write("kvm-image", "image.elf", elf(ABI_VERSION));

for (const name of readdirSync(new URL("values/", corpora)).filter((one) => one.endsWith(".values"))) {
  const input = readFileSync(new URL(`values/${name}`, corpora));
  write("abi-values", name.replace(".values", ".bin"), input.subarray(4 + input.readUInt32LE(0)));
}

// What follows the custom section's name in an image of the soft machine: mark, version, statics, stack.
const name = Buffer.from("twinwall");
const fields = Buffer.alloc(20);
for (const [index, value] of [0x4d49_5754, ABI_VERSION, 4096, 8192, 4096].entries())
  fields.writeUInt32LE(value, 4 * index);
write(
  "soft-image",
  "header.bin",
  Buffer.concat([Buffer.from([0, 1 + name.length + 20, name.length]), name, fields]),
);

const REPORT_BYTES = 104;
for (const [name, values] of Object.entries({
  done: { operation: GateOperation.Done },
  failed: {
    operation: GateOperation.Done,
    status: 7,
    outputAddress: 0xc000_0000n,
    outputLength: 20n,
    messageLength: 10n,
  },
  reply: { operation: GateOperation.Done, outputAddress: 0xc000_0000n, outputLength: 64n },
  "host-call": { operation: GateOperation.HostCall, outputAddress: 0xc000_0000n, outputLength: 16n },
  grow: { operation: GateOperation.Grow, growAddress: 0x10_0000_0000n, growLength: 4096n },
  drain: { operation: GateOperation.Drain, outboxLength: 64n },
  abort: { operation: GateOperation.Abort, outputAddress: 0xc000_0000n, outputLength: 5n },
})) {
  const report = new Uint8Array(REPORT_BYTES);
  writeStruct(new DataView(report.buffer), 0, reportLayout, /** @type {never} */ (values));
  write("kvm-report", `${name}.bin`, report);
  write("soft-report", `${name}.bin`, Uint8Array.from([0, ...report]));
}

// Addresses and numbers of pages of the probe's memory: mailbox, outbox, stack, input, output; then heap and a memory.
const least = [
  [0x4000_0000n, 1n],
  [0x4000_2000n, 1n],
  [0x401f_e000n, 1n],
  [0x8000_0000n, 1n],
  [0xc000_0000n, 1n],
];
const grown = [...least, [0x10_0000_0000n, 2n], [0x20_0000_0000n, 1n]];
for (const [name, runs] of Object.entries({ least, grown })) {
  write("kvm-state", `${name}.bin`, new Uint8Array(BigUint64Array.from(runs.flat()).buffer));
}
