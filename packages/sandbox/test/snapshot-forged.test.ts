import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hostFunction, Sandbox, TwinwallError, t } from "../src/index.js";
import { hasMachine, machine, needsMachine } from "./support/machine.js";
import { utf8 } from "./support/modules.js";
import { bytesOf, numbers, stateful } from "./support/snapshots.js";

// Without a key anybody can write a snapshot whose hash fits: what it says must be checked all the same.

needsMachine();

const cases = process.env["TWINWALL_SOAK"] === "1" ? 10_000 : 60;

const host = { seed: hostFunction({ params: [], result: t.i32 }, () => 1) };

interface Run {
  readonly address: number;
  readonly length: number;
  readonly spans: readonly (readonly [offset: number, length: number])[];
}

type Header = Record<string, unknown> & {
  runs: readonly Run[];
  ends: number[];
};

async function saved(): Promise<Uint8Array> {
  await using sandbox = await Sandbox.create({ module: stateful, host, init: utf8("settings") });
  return await bytesOf(sandbox);
}

const whole = hasMachine ? await saved() : new Uint8Array(64);
const headerLength = new DataView(whole.buffer, whole.byteOffset).getUint32(12, true);
const payload = whole.subarray(64 + headerLength);

function headerOf(): Header {
  return JSON.parse(Buffer.from(whole.subarray(64, 64 + headerLength)).toString()) as Header;
}

/** A snapshot of this header and these bytes, with a hash that fits. */
function forged(header: unknown, pieces: Uint8Array = payload): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.concat([whole.subarray(0, 64), text, pieces]);
  bytes.writeUInt32LE(text.length, 12);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 16);
  const hash = createHash("sha256").update(bytes.subarray(0, 32)).update(bytes.subarray(64));
  bytes.set(hash.digest(), 32);
  return new Uint8Array(bytes);
}

/** The code of the error with which it is refused; "none" where it is not; whatever else was thrown, as text. */
async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    (await Sandbox.from(bytes, { host })).close();
    return "none";
  } catch (error) {
    return error instanceof TwinwallError ? error.code : `not ours: ${String(error)}`;
  }
}

describe("a forged snapshot", () => {
  it("is taken when nothing was changed", async () => {
    expect(await refusal(forged(headerOf()))).toBe("none");
  });

  it("without a field, or with a field of another kind, is refused", async () => {
    const values = [null, -1, 1.5, "text", true, [], {}, [[]], 2 ** 60, Number.MAX_SAFE_INTEGER];
    for (const name of Object.keys(headerOf())) {
      for (const value of [undefined, ...values]) {
        const header = { ...headerOf(), [name]: value };
        if (JSON.stringify(header) === JSON.stringify(headerOf())) continue;
        const found = await refusal(forged(header));
        // Limits are options of the loader's as well, and functions are compared with what it has.
        const codes = ["E_BAD_SNAPSHOT", "E_OPTION", "E_IMPORT"];
        expect([name, value, codes.includes(found) ? "refused" : found]).toEqual([name, value, "refused"]);
      }
    }
    for (const header of [null, 1, "text", [], {}, [headerOf()]]) {
      expect(await refusal(forged(header))).toBe("E_BAD_SNAPSHOT");
    }
  });

  it("that claims more memory than a host has allocates nothing", async () => {
    for (const exponent of [32, 33, 36, 40, 52]) {
      const header = headerOf();
      const last = header.runs.length - 1;
      header.runs = header.runs.map((run, at) => (at === last ? { ...run, length: 2 ** exponent } : run));
      header["memory"] = 2 ** exponent;
      const before = process.memoryUsage().rss;
      expect([exponent, await refusal(forged(header))]).toEqual([
        exponent,
        expect.stringMatching(/^E_(BAD_SNAPSHOT|OPTION)$/),
      ]);
      expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
    }
  });

  it("with memory that is elsewhere, missing, repeated or of another size is refused", async () => {
    const count = headerOf().runs.length;
    const far = [0, 0x1000, 0x5000, 0x20_0000, 0x1_0000_0000, 0x10_0010_0000, 2 ** 47, 2 ** 53 - 4096];
    for (let index = 0; index < count; index += 1) {
      const change =
        (of: (run: Run) => Partial<Run>) =>
        (runs: readonly Run[]): readonly Run[] =>
          runs.map((run, at) => (at === index ? { ...run, ...of(run) } : run));
      const changes: ((runs: readonly Run[]) => readonly Run[])[] = [
        ...far.map((address) => change(() => ({ address }))),
        change(({ length }) => ({ length: length + 1 })),
        change(() => ({ length: 2 ** 32 })),
        change(({ address }) => ({ address: address + 8 })),
        (runs) => runs.filter(({ address }, at) => at !== index || isOptional(address)),
        (runs) => runs.flatMap((run, at) => (at === index ? [run, run] : [run])),
      ];
      for (const [number, changed] of changes.entries()) {
        const header = headerOf();
        header.runs = changed(header.runs);
        // Data that no longer belongs anywhere is left out, so that lengths add up.
        const dropped = payload.subarray(0, lengthOf(header));
        if (JSON.stringify(header) === JSON.stringify(headerOf())) continue;
        expect([index, number, await refusal(forged(header, dropped))]).toEqual([
          index,
          number,
          "E_BAD_SNAPSHOT",
        ]);
      }
    }
  });

  it("without heap or linear memory is refused or contained", async () => {
    for (const { address } of headerOf().runs) {
      const header = headerOf();
      header.runs = header.runs.filter((run) => run.address !== address);
      expect(await outcome(forged(header, payload.subarray(0, lengthOf(header))))).toMatch(/^E_[A-Z_]+$/);
    }
  });

  it("of ends that no guest can have is refused", async (context) => {
    context.skip(machine === "kvm", "the KVM machine knows them from its memory");
    const { ends } = headerOf();
    const wrong = [0, 1, 4096, 2 ** 32, 2 ** 40, -4096];
    for (let index = 0; index < ends.length; index += 1) {
      for (const value of [
        ...wrong,
        (ends[index] ?? 0) - 4096,
        (ends[index] ?? 0) + 4096,
        (ends[index] ?? 0) + 1,
      ]) {
        const header = headerOf();
        header.ends[index] = value;
        expect([index, value, await refusal(forged(header))]).toEqual([index, value, "E_BAD_SNAPSHOT"]);
      }
    }
    for (const list of [[], ends.slice(1), [...ends, 0], [...ends, ...ends]]) {
      expect(await refusal(forged({ ...headerOf(), ends: list }))).toBe("E_BAD_SNAPSHOT");
    }
  });

  it("of another image, processor or machine is refused", async () => {
    const other = machine === "kvm" ? "soft" : "kvm";
    for (const change of [{ image: "00".repeat(32) }, { processor: "00".repeat(32) }, { machine: other }]) {
      expect([change, await refusal(forged({ ...headerOf(), ...change }))]).toEqual([
        change,
        expect.stringMatching(/^E_(BAD_SNAPSHOT|NO_MACHINE|OPTION)$/),
      ]);
    }
  });

  it("with a module that was changed, or none, is refused or contained", async () => {
    const next = numbers(11);
    const artifact = headerOf()["artifact"] as number;
    for (let round = 0; round < cases; round += 1) {
      const pieces = payload.slice();
      const place = next(Math.min(artifact, 4096));
      pieces[place] = (pieces[place] ?? 0) ^ (1 << next(8));
      expect(await outcome(forged(headerOf(), pieces))).toMatch(/^(none|E_[A-Z_]+)$/);
    }
  });

  it("of whatever state does what a guest can do, and harms nobody else", async () => {
    await using witness = await Sandbox.from(whole, { host });
    const next = numbers(12);
    const { artifact, fileBytes } = headerOf() as unknown as { artifact: number; fileBytes: number };
    const begin = artifact + fileBytes;
    for (let round = 0; round < cases; round += 1) {
      const pieces = payload.slice();
      // A few bytes of registers or memory, or a whole stretch of it.
      const stretch = round % 3 === 0 ? next(4096) : 1 + next(8);
      const from =
        begin + next(round % 2 === 0 ? Math.min(128, payload.length - begin) : payload.length - begin);
      for (let at = from; at < Math.min(from + stretch, pieces.length); at += 1) pieces[at] = next(256);
      expect(await outcome(forged(headerOf(), pieces))).toMatch(/^(none|E_[A-Z_]+)$/);
      expect(witness.call("count")).toBe(1);
    }
  });
});

/** Whether a guest may be without: on KVM one that has no heap or linear memory hurts itself alone. */
function isOptional(address: number): boolean {
  return machine === "kvm" && address >= 0x10_0000_0000;
}

/** Bytes of data that a header speaks of. */
function lengthOf(header: Header): number {
  const fixed = ["artifact", "fileBytes", "registers"].reduce((sum, name) => sum + Number(header[name]), 0);
  return header.runs.flatMap((run) => run.spans).reduce((sum, [, length]) => sum + length, fixed);
}

/** Loads it and calls it; the code of the first error, "none" where there was none. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    await using loaded = await Sandbox.from(bytes, { host, limits: { deadline: "50ms" } });
    for (const name of ["count", "random", "ask"]) loaded.call(name);
    loaded.callBytes("echo", utf8("hello"));
    await loaded.callAsync("count", []);
    return "none";
  } catch (error) {
    return error instanceof TwinwallError ? error.code : `not ours: ${String(error)}`;
  }
}
