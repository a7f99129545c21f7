// Inputs to begin with: small containers, and changes of a state.
import { readFileSync } from "node:fs";
import { corpora } from "../../files.js";
import { KEY, pack, toText } from "./container.js";
import { type Edit, formatEdits, kinds } from "./edits.js";

const PAGE = 4096;

const artifact = new Uint8Array(readFileSync(new URL("artifact/module.cwasm", corpora)));

/** A container of so many ranges, each with a few bytes in it. */
function container(ranges: number, files: boolean, key: Uint8Array | undefined): Uint8Array {
  const texts = files ? ["apple\nbirne\n", "x"] : [];
  const fileBytes = new TextEncoder().encode(texts.join(""));
  const runs = Array.from({ length: ranges }, (_, index) => ({
    address: 0x10_0000 * (index + 1),
    length: PAGE * (index + 1),
    spans: [
      [8 * index, 16],
      [PAGE * index + 64, 8],
    ],
  }));
  const header = {
    machine: "soft",
    image: "12".repeat(32),
    processor: "34".repeat(32),
    artifact: artifact.length,
    fileBytes: fileBytes.length,
    files: texts.map((text, index) => ({
      path: `/a/${index}`,
      offset: index === 0 ? 0 : (texts[0]?.length ?? 0),
      length: text.length,
    })),
    hostFunctions: files ? [{ name: "seed", shape: 1, parameters: [], results: [0], deferred: false }] : [],
    memory: 2 ** 20,
    resultBytes: 2 ** 16,
    registers: 16,
    ends: [0x20_0000, 0x30_0000],
    runs,
  };
  const state = Uint8Array.from({ length: 16 + 24 * ranges }, (_, index) => index + 1);
  return pack(toText(header), Buffer.concat([artifact, fileBytes, state]), key);
}

/** Containers, by name. */
export function snapshotCorpus(): Record<string, Uint8Array> {
  return {
    small: container(1, false, undefined),
    files: container(3, true, undefined),
    keyed: container(2, false, KEY),
  };
}

/** A change by its name. */
function edit(name: string, given: Partial<Edit>): Edit {
  const kind = kinds.findIndex(([one]) => one === name);
  return { kind, which: 0, offset: 0, length: 0, value: 0n, ...given };
}

/** Changes, by name. */
export function stateCorpus(): Record<string, Uint8Array> {
  const all: Record<string, Edit[]> = {
    nothing: [],
    "own-memory": [
      edit("own-memory", { length: 15, value: 0x0102_0304_0506_0708n }),
      edit("own-memory", { offset: 4096, length: 100, value: 0x41n }),
    ],
    contents: [edit("contents", { which: 3, offset: 800, length: 8, value: 2n ** 64n - 1n })],
    registers: [
      edit("registers", { which: 4, value: 0x10_0000_0000n }),
      edit("registers", { which: 6, length: 1, value: 2n ** 47n }),
    ],
    ranges: [edit("added", { which: 31, length: 2, value: 0x20_0000_0000n }), edit("sorted", {})],
    nowhere: [edit("added", { which: 31, length: 2, value: 0x18_0000_0000n }), edit("sorted", {})],
    twice: [edit("twice", { which: 2 }), edit("removed", { which: 1 }), edit("sorted", {})],
    moved: [edit("moved", { which: 5, value: 4n }), edit("longer", { which: 7, length: 1, value: 1n })],
    wide: [edit("address", { which: 1, value: 2n ** 48n }), edit("length", { which: 2, value: 2n ** 33n })],
    grown: [edit("grown", { value: 5n })],
    "grown-far": [edit("grown", { value: 62n })],
    ends: [edit("ends", { which: 2, value: 1n })],
    module: [edit("artifact", { offset: 600, value: 0xffn }), edit("files", { value: 0x42n })],
    fields: [edit("fields", { offset: 1, value: 77n })],
  };
  const inputs = Object.entries(all).map(([name, edits]) => [name, formatEdits({ keyed: false, edits })]);
  return {
    ...Object.fromEntries(inputs),
    keyed: formatEdits({ keyed: true, edits: all["own-memory"] ?? [] }),
  };
}
