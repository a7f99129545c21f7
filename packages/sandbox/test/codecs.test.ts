import { describe, expect, it } from "vitest";
import { type Codec, codecPair, hostFunctionWith, Sandbox } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { sandboxWith } from "./support/host.js";
import { machine, needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";

needsMachine();

/** A codec of one's own. */
const json: Codec<unknown> = {
  name: "json",
  encode: (value) => utf8(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(textOf(bytes)) as unknown,
};

const bytesModule = moduleOf("bytes");

describe("callWith", () => {
  it("writes what goes in and reads what comes out", async () => {
    await using sandbox = await Sandbox.create({ module: bytesModule, machine });
    const value = { words: ["größer", 1, null], nested: { deep: [true] } };
    expect(sandbox.callWith(json, "echo", value)).toEqual(value);
    expect(await sandbox.callWithAsync(json, "echo", value)).toEqual(value);
    using session = sandbox.session();
    expect(session.callWith(json, "echo", [1])).toEqual([1]);
    expect(await session.callWithAsync(json, "echo", [2])).toEqual([2]);
    const length: Codec<number> = {
      name: "length",
      encode: () => new Uint8Array(0),
      decode: (bytes) => bytes.length,
    };
    expect(session.callWith(codecPair(json, length), "echo", "four")).toBe(6);
  });

  it("refuses a value that cannot be written, before anything enters the guest", async () => {
    await using sandbox = await Sandbox.create({ module: bytesModule, machine });
    const error = await errorOf(() => sandbox.callWith(json, "echo", 1n));
    expect(error.message).toContain('E_TYPE: function "echo": the codec "json" cannot write the value: ');
    const odd = { name: "odd", encode: () => "text" as never, decode: json.decode };
    expect((await errorOf(() => sandbox.callWith(odd, "echo", 1))).message).toContain(
      'wrote "text", not a Uint8Array',
    );
    expect(sandbox.stats().calls).toBe(0);
  });

  it("refuses a reply that cannot be read, and a session is over then", async () => {
    await using sandbox = await Sandbox.create({ module: bytesModule, machine });
    const raw: Codec<string> = { name: "raw", encode: utf8, decode: textOf };
    const bad = codecPair(raw, json);
    const session = sandbox.session();
    const error = await errorOf(() => session.callWith(bad, "echo", "{"));
    expect(error.message).toContain(
      'E_BAD_REPLY: function "echo": the codec "raw, json" cannot read what the guest sent: ',
    );
    expect(error.cause).toBeInstanceOf(SyntaxError);
    expect(session.open).toBe(false);
    expect((await errorOf(() => sandbox.callWithAsync(bad, "echo", "{"))).code).toBe("E_BAD_REPLY");
    expect(sandbox.callWith(json, "echo", 5)).toBe(5);
  });
});

describe("hostFunctionWith", () => {
  it("refuses an option that it does not know", async () => {
    const error = await errorOf(() => hostFunctionWith(json, () => 1, { defer: true } as never));
    expect(error.message).toBe('E_OPTION: hostFunctionWith: unknown option "defer"; known are deferred');
  });

  it("runs on values", async () => {
    const upper = hostFunctionWith(json, (value) => ({ got: value }));
    await using sandbox = await sandboxWith({ upper });
    expect(sandbox.callWith(json, "upper", [1, "a"])).toEqual({ got: [1, "a"] });
    const later = hostFunctionWith(json, async (value) => [value]);
    await using other = await sandboxWith({ upper: later });
    expect(await other.callWithAsync(json, "upper", 1)).toEqual([1]);
    const lines: unknown[] = [];
    await using third = await sandboxWith({
      log: hostFunctionWith(json, (line) => lines.push(line), { deferred: true }),
    });
    third.callBytes("log", json.encode("hello"));
    // The guest logs twice.
    expect(lines).toEqual(["hello", "hello"]);
  });

  it("ends the call for what cannot be read or written", async () => {
    await using sandbox = await sandboxWith({ upper: hostFunctionWith(json, () => 1n) });
    expect((await errorOf(() => sandbox.callBytes("upper", utf8("{")))).code).toBe("E_BAD_REPLY");
    const { code, message } = await errorOf(() => sandbox.callBytes("upper", utf8("1")));
    expect([code, message]).toEqual(["E_TYPE", expect.stringContaining("cannot write the value")]);
  });
});
