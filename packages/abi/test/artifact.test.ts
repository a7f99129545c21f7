import { Builder } from "flatbuffers";
import { describe, expect, it } from "vitest";
import { decodeArtifact, looksLikeArtifact } from "../src/artifact.js";
import { TwinwallError } from "../src/error.js";
import { Artifact } from "../src/generated/twinwall/abi/artifact.js";
import { Export } from "../src/generated/twinwall/abi/export.js";
import { ExternKind } from "../src/generated/twinwall/abi/extern-kind.js";
import { Import } from "../src/generated/twinwall/abi/import.js";
import { MachineKind } from "../src/generated/twinwall/abi/machine-kind.js";
import { ValueType } from "../src/generated/twinwall/abi/value-type.js";
import { World } from "../src/generated/twinwall/abi/world.js";

interface Changes {
  format?: number;
  machine?: number;
  hash?: Uint8Array;
  code?: Uint8Array;
  kind?: number;
  world?: boolean;
}

const hash = Uint8Array.from({ length: 32 }, (_, index) => index);
const code = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46);

/** Written by the generated code, read by ours: so both agree on the positions of the fields. */
function encode(changes: Changes = {}): Uint8Array {
  const builder = new Builder();
  const functionExport = Export.createExport(
    builder,
    builder.createString("add"),
    changes.kind ?? ExternKind.Function,
    Export.createParametersVector(builder, [ValueType.I32, ValueType.I64]),
    Export.createResultsVector(builder, [ValueType.F64]),
  );
  const memoryExport = Export.createExport(builder, builder.createString("memory"), ExternKind.Memory, 0, 0);
  const hostImport = Import.createImport(
    builder,
    builder.createString("twinwall"),
    builder.createString("now"),
    ExternKind.Function,
    0,
    Import.createResultsVector(builder, [ValueType.I64]),
  );
  const compiler = builder.createString("cranelift 1");
  const moduleHash = builder.createByteVector(changes.hash ?? hash);
  const exports = Artifact.createExportsVector(builder, [functionExport, memoryExport]);
  const imports = Artifact.createImportsVector(builder, [hostImport]);
  const codeVector = builder.createByteVector(changes.code ?? code);
  const world = changes.world === true ? World.createWorld(builder, 0, 0, 0, 0, 0) : undefined;
  Artifact.startArtifact(builder);
  Artifact.addFormat(builder, changes.format ?? 3);
  Artifact.addMachine(builder, changes.machine ?? MachineKind.Kvm);
  Artifact.addFuel(builder, true);
  Artifact.addCompiler(builder, compiler);
  Artifact.addModuleHash(builder, moduleHash);
  Artifact.addExports(builder, exports);
  Artifact.addImports(builder, imports);
  Artifact.addInitialMemory(builder, 65536n);
  Artifact.addCode(builder, codeVector);
  Artifact.addMemories(builder, 1);
  if (world !== undefined) Artifact.addWorld(builder, world);
  const artifact = Artifact.endArtifact(builder);
  Artifact.finishArtifactBuffer(builder, artifact);
  return builder.asUint8Array().slice();
}

describe("decodeArtifact", () => {
  it("reads what the generated code wrote", () => {
    expect(decodeArtifact(encode())).toEqual({
      machine: "kvm",
      fuel: true,
      compiler: "cranelift 1",
      moduleHash: hash,
      exports: [
        { name: "add", kind: "function", parameters: ["i32", "i64"], results: ["f64"] },
        { name: "memory", kind: "memory", parameters: [], results: [] },
      ],
      imports: [{ module: "twinwall", name: "now", kind: "function", parameters: [], results: ["i64"] }],
      initialMemory: 65536n,
      memories: 1,
      world: undefined,
      code,
    });
  });

  it("reads the world of a component", () => {
    const world = { name: undefined, resources: [], imports: [], exports: [] };
    expect(decodeArtifact(encode({ world: true })).world).toEqual(world);
  });

  it("reads a view that does not begin at its buffer's begin", () => {
    const bytes = encode();
    const padded = new Uint8Array(bytes.length + 13);
    padded.set(bytes, 13);
    expect(decodeArtifact(padded.subarray(13)).compiler).toBe("cranelift 1");
  });

  it.each([
    ["an empty file", new Uint8Array(0), "it is no .cwasm"],
    ["a WebAssembly module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), "it is no .cwasm"],
    ["another format", encode({ format: 4 }), "its format is 4, this release reads 3"],
    ["an unknown machine", encode({ machine: 9 }), "its machine is unknown"],
    ["a short hash", encode({ hash: hash.subarray(1) }), "its module hash has 31 bytes, not 32"],
    ["no code", encode({ code: new Uint8Array(0) }), "its code is empty"],
    [
      "an unknown kind of export",
      encode({ kind: 99 }),
      "it is corrupted: kind 99 of an import or export is missing or unknown",
    ],
  ])("refuses %s, naming it", (_, bytes, message) => {
    expect(() => decodeArtifact(bytes)).toThrow(`E_BAD_MODULE: compiled module: ${message}`);
    expect(() => decodeArtifact(bytes)).toThrow(TwinwallError);
  });

  it("refuses every shortened file", () => {
    const bytes = encode();
    for (let length = 0; length < bytes.length; length += 1) {
      const attempt = () => decodeArtifact(bytes.slice(0, length));
      // The last bytes may be padding that nothing refers to.
      if (length < bytes.length - 8)
        expect(attempt, `${length} bytes`).toThrow(/^E_BAD_MODULE: compiled module: /);
    }
  });

  it("reads or refuses every file with one corrupted byte, and never fails otherwise", () => {
    const bytes = encode();
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const corrupted = bytes.slice();
        corrupted[at] = (corrupted[at] ?? 0) ^ flip;
        expect(outcome(corrupted), `byte ${at} ^ ${flip}`).toMatch(/^(read|E_BAD_MODULE)$/);
      }
    }
  });

  it("is told from a module by its mark", () => {
    expect(looksLikeArtifact(encode())).toBe(true);
    expect(looksLikeArtifact(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toBe(false);
  });
});

function outcome(bytes: Uint8Array): string {
  try {
    decodeArtifact(bytes);
    return "read";
  } catch (error) {
    return error instanceof TwinwallError ? error.code : String(error);
  }
}
