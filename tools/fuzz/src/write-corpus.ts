// Writes the inputs of targets that have a form of their own: `pnpm corpus`.
import { mkdirSync, writeFileSync } from "node:fs";
import { corpora } from "./files.js";
import { snapshotCorpus, stateCorpus } from "./targets/snapshot/corpus.js";
import { wasiCorpus } from "./targets/wasi/corpus.js";

function write(target: string, inputs: Readonly<Record<string, Uint8Array>>): void {
  const folder = new URL(`${target}/`, corpora);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(new URL(`${name}.bin`, folder), bytes);
}

write("wasi", wasiCorpus());
write("snapshot", snapshotCorpus());
write("snapshot-state", stateCorpus());
