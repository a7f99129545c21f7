import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { createCompiler, inspectArtifact } from "../src/index.js";
import { answering } from "./modules.js";

let good: Buffer;

beforeAll(async () => {
  const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false });
  good = Buffer.from((await compiler.compile(answering(42), { machine: "soft", fuel: true })).bytes);
  await compiler.close();
});

function refusal(bytes: Uint8Array): unknown {
  try {
    return inspectArtifact(bytes);
  } catch (error) {
    return error;
  }
}

/** Gives changed contents a checksum that fits. */
function resealed(change: (table: Buffer) => void): Buffer {
  const table = Buffer.from(good.subarray(0, -32));
  change(table);
  return Buffer.concat([table, createHash("sha256").update(table).digest()]);
}

test("reads machine, fuel, module and exports", () => {
  expect(inspectArtifact(good)).toMatchObject({
    machine: "soft",
    fuel: true,
    exports: [{ name: "answer", kind: "function", parameters: [], results: ["i32"] }],
  });
  const hash = createHash("sha256").update(answering(42)).digest();
  expect(hash.equals(inspectArtifact(good).moduleHash)).toBe(true);
});

test("every cut is refused", () => {
  for (let length = 0; length < good.length; length += length < 64 ? 1 : 97) {
    expect(refusal(good.subarray(0, length)), `${length} bytes`).toMatchObject({ code: "E_BAD_MODULE" });
  }
});

test("every changed byte is refused", () => {
  for (let at = 0; at < good.length; at += at < 256 ? 1 : 89) {
    const changed = Buffer.from(good);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    expect(refusal(changed), `byte ${at}`).toMatchObject({ code: "E_BAD_MODULE" });
  }
});

test("the damage is named", () => {
  const changed = Buffer.from(good);
  changed[good.length - 200] = (changed[good.length - 200] ?? 0) ^ 1;
  expect(refusal(changed)).toMatchObject({ rawMessage: expect.stringContaining("checksum") });
  expect(refusal(answering(1))).toMatchObject({ rawMessage: expect.stringContaining("no .cwasm") });
  expect(refusal(new Uint8Array())).toMatchObject({ rawMessage: expect.stringContaining("no .cwasm") });
});

test("the work of another release is refused by its name", () => {
  const foreign = resealed((table) => table.write("wasmtime 47.0.8", table.indexOf("wasmtime 48.0.8")));
  const failure = refusal(foreign) as Error;
  expect(failure).toMatchObject({ code: "E_BAD_MODULE" });
  expect(failure.message).toContain("wasmtime 47.0.8");
  expect(failure.message).toContain("compile it again");
});

test("wild offsets behind a good checksum are refused or read, never worse", () => {
  for (let at = 8; at < 400; at += 2) {
    const wild = resealed((table) => table.writeUInt16LE(0xffff, at));
    const outcome = refusal(wild);
    if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "E_BAD_MODULE" });
    else expect(outcome).toMatchObject({ code: expect.any(Uint8Array) });
  }
});
