// Assembles examples/*.wat into artifacts/examples, from where Vite takes them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import wabtInit from "wabt";

const from = new URL("../examples/", import.meta.url);
const to = new URL("../artifacts/examples/", import.meta.url);
const features = { multi_value: true, reference_types: true };

const wabt = await wabtInit();
mkdirSync(to, { recursive: true });
for (const file of readdirSync(from)) {
  const module = wabt.parseWat(file, readFileSync(new URL(file, from), "utf8"), features);
  const { buffer } = module.toBinary({ write_debug_names: true });
  writeFileSync(new URL(`${basename(file, ".wat")}.wasm`, to), buffer);
  module.destroy();
}
