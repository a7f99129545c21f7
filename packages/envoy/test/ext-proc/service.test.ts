import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { createExtProcService, type ExtProcOptions } from "../../src/index.js";
import { Folder } from "../support/guests.js";
import { Peer, requestOf } from "../support/peer.js";

const folder = new Folder();
const module = folder.guest("commands");
afterAll(() => folder[Symbol.dispose]());

describe("making a service", () => {
  const allocate = `(memory (export "memory") 1)
    (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))`;

  it.each<[string, ExtProcOptions, string, string]>([
    ["no such file", { module: folder.file("no.wasm") }, "E_NO_FILE", "no.wasm"],
    ["another hash", { module, sha256: "0".repeat(64) }, "E_BAD_MODULE", "SHA-256"],
    ["no function", { module: folder.module("empty", `(module ${allocate})`) }, "E_NO_FUNCTION", "on_data"],
    [
      "a function of another shape",
      { module: folder.module("shape", `(module ${allocate} (func (export "on_data") (param i32)))`) },
      "E_BAD_MODULE",
      "on_data",
    ],
    [
      "no allocator",
      {
        module: folder.module(
          "bare",
          '(module (memory (export "memory") 1) (func (export "on_data") (param i32 i32) (result i64) (i64.const 0)))',
        ),
      },
      "E_BAD_MODULE",
      "twinwall_allocate",
    ],
    [
      "an import that there is not",
      { module: folder.module("imports", '(module (import "twinwall" "dial" (func)))') },
      "E_IMPORT",
      "dial",
    ],
    [
      "a start that traps",
      {
        module: folder.module(
          "start",
          `(module ${allocate} (func (export "_initialize") unreachable)
            (func (export "on_data") (param i32 i32) (result i64) (i64.const 0)))`,
        ),
      },
      "E_TRAP",
      "unreachable",
    ],
    [
      "initial data for nobody",
      { module: folder.module("none", `(module ${allocate})`), init: "x" },
      "E_BAD_MODULE",
      "twinwall_init",
    ],
    ["a bad option", { module, log: "stderr" as never }, "E_OPTION", "log"],
    ["an unknown option", { module, lgo: 1 } as never, "E_OPTION", 'unknown option "lgo"'],
  ])("%s is refused, with the reason", async (_, options, code, text) => {
    await expect(createExtProcService(options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });

  it("takes a module with the right hash, and says which machine it took", async () => {
    const sha256 = createHash("sha256").update(readFileSync(module)).digest("hex");
    await using service = await createExtProcService({ module, sha256, machine: "soft" });
    expect([service.machine, service.address]).toEqual(["soft", undefined]);
    expect(service.machineReason).toContain("soft");
  });
});

describe("listening", () => {
  it("on TCP, and tells the port", async () => {
    await using service = await createExtProcService({ machine: "none" });
    const address = await service.listen({ host: "127.0.0.1", port: 0 });
    expect(address).toEqual(service.address);
    const port = "port" in address ? address.port : 0;
    await using peer = await Peer.connect({ port });
    const stream = peer.open().write(requestOf("Here"));
    stream.stream.end();
    expect(await stream.ended()).toBe(0);
    expect(stream.messages).toEqual([requestOf("Here").subarray(5)]);
    await expect(service.listen({ host: "127.0.0.1", port: 0 })).rejects.toMatchObject({ code: "E_BUSY" });
  });

  it("leaves a socket alone that someone listens on, and a file that is none", async () => {
    await using first = await createExtProcService({ machine: "none" });
    await using second = await createExtProcService({ machine: "none" });
    const path = folder.file("taken.sock");
    await first.listen({ path });
    await expect(second.listen({ path })).rejects.toMatchObject({ code: "E_OPTION" });
    // It stays: a peer that does not go cannot keep a service from closing.
    await new Promise((resolve, reject) => connect(path).once("connect", resolve).once("error", reject));
    const file = folder.file("file");
    writeFileSync(file, "precious");
    await expect(second.listen({ path: file })).rejects.toMatchObject({ code: "E_OPTION" });
    expect(readFileSync(file, "utf8")).toBe("precious");
    // A failure is no use of the service.
    await second.listen({ path: folder.file("free.sock") });
  });

  it.each<[unknown]>([
    [undefined],
    [{}],
    [{ path: "" }],
    [{ path: "x".repeat(108) }],
    [{ path: "a\0b" }],
    [{ host: "127.0.0.1" }],
    [{ host: "127.0.0.1", port: 65_536 }],
    [{ host: 7, port: 1 }],
    [{ path: "/tmp/x", host: "127.0.0.1", port: 1 }],
  ])("on %j is refused", async (address) => {
    await using service = await createExtProcService({ machine: "none" });
    await expect(service.listen(address as never)).rejects.toMatchObject({ code: "E_OPTION" });
    await expect(service.listenMetrics(address as never)).rejects.toMatchObject({ code: "E_OPTION" });
  });

  it("closes with a drain time that makes sense", async () => {
    await using service = await createExtProcService({ machine: "none" });
    await expect(service.close({ drain: "soon" as never })).rejects.toMatchObject({ code: "E_OPTION" });
    await expect(service.close({ drian: "1s" } as never)).rejects.toThrow(
      'E_OPTION: close: unknown option "drian"; known are drain',
    );
    await service.close({ drain: 10 });
    await expect(service.listen({ path: folder.file("late.sock") })).rejects.toMatchObject({
      code: "E_DISPOSED",
    });
  });
});
