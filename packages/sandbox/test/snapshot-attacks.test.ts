import { describe, expect, it } from "vitest";
import { type HostFunction, hostFunction, Sandbox, type SandboxOptions, t } from "../src/index.js";
import { typedModuleOf } from "./support/components.js";
import { errorOf } from "./support/errors.js";
import { hasMachine, machine, needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";
import { bytesOf, numbers, stateful } from "./support/snapshots.js";

needsMachine();

/** Cases of each kind of damage. */
const cases = process.env["TWINWALL_SOAK"] === "1" ? 10_000 : 100;

const key = Uint8Array.from({ length: 32 }, (_, index) => index);

function host(value = 1) {
  return { seed: hostFunction({ params: [], result: t.i32 }, () => value) };
}

async function saved(
  given: { key?: Uint8Array } = {},
  options: Partial<SandboxOptions> = {},
): Promise<Uint8Array> {
  await using sandbox = await Sandbox.create({ module: stateful, host: host(), ...options });
  return await bytesOf(sandbox, given);
}

const whole = hasMachine ? await saved() : new Uint8Array(0);

/** The code of the error with which a snapshot is refused; "none" where it is not. */
async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    (await Sandbox.from(bytes, { host: host() })).close();
    return "none";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

function changed(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = whole.slice();
  change(bytes);
  return bytes;
}

describe("a damaged snapshot is E_BAD_SNAPSHOT", () => {
  it("cut short anywhere", async () => {
    const next = numbers(1);
    const lengths = new Set(Array.from({ length: 160 }, (_, index) => index));
    for (let round = 0; round < cases; round += 1) lengths.add(next(whole.length));
    lengths.add(whole.length - 1);
    for (const length of lengths) {
      expect([length, await refusal(whole.subarray(0, length))]).toEqual([length, "E_BAD_SNAPSHOT"]);
    }
  });

  it("with a bit changed, in the header or anywhere", async () => {
    const next = numbers(2);
    for (let round = 0; round < 2 * cases; round += 1) {
      const [place, bit] = [next(round % 2 === 0 ? 512 : whole.length), next(8)];
      const bytes = changed((copy) => {
        copy[place] = (copy[place] ?? 0) ^ (1 << bit);
      });
      expect([place, bit, await refusal(bytes)]).toEqual([place, bit, "E_BAD_SNAPSHOT"]);
    }
  });

  it("with numbers of the header that are too large", async () => {
    const words = [
      0n,
      1n,
      0x7fff_ffffn,
      0xffff_ffffn,
      1n << 32n,
      (1n << 53n) + 1n,
      1n << 63n,
      (1n << 64n) - 1n,
    ];
    for (let place = 0; place + 8 <= 512; place += 4) {
      for (const word of words) {
        const bytes = changed((copy) => new DataView(copy.buffer).setBigUint64(place, word, true));
        if (bytes.every((byte, index) => byte === whole[index])) continue;
        expect([place, word, await refusal(bytes)]).toEqual([place, word, "E_BAD_SNAPSHOT"]);
      }
    }
  });

  it("with bytes behind it, or parts exchanged, removed or repeated", async () => {
    const next = numbers(3);
    const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    expect(await refusal(join(whole, new Uint8Array(1)))).toBe("E_BAD_SNAPSHOT");
    expect(await refusal(join(whole, whole))).toBe("E_BAD_SNAPSHOT");
    for (let round = 0; round < cases / 2; round += 1) {
      const [from, to] = [next(whole.length), next(whole.length)].sort((a, b) => a - b) as [number, number];
      const end = to + 1 + next(64);
      const [head, part, tail] = [whole.subarray(0, from), whole.subarray(from, end), whole.subarray(end)];
      expect([from, end, await refusal(join(head, tail))]).toEqual([from, end, "E_BAD_SNAPSHOT"]);
      expect([from, end, await refusal(join(head, part, part, tail))]).toEqual([from, end, "E_BAD_SNAPSHOT"]);
    }
  });

  it("of random bytes, empty, or of another kind", async () => {
    const next = numbers(4);
    for (let round = 0; round < cases / 4; round += 1) {
      const bytes = Uint8Array.from({ length: next(4096) }, () => next(256));
      expect(await refusal(bytes)).toBe("E_BAD_SNAPSHOT");
    }
    for (const bytes of [new Uint8Array(0), stateful, utf8("not a snapshot")]) {
      expect(await refusal(bytes)).toBe("E_BAD_SNAPSHOT");
    }
  });

  it("assembled from two that are whole", async () => {
    const other = await saved({}, { init: utf8("other") });
    const next = numbers(5);
    for (let round = 0; round < cases / 2; round += 1) {
      const place = 1 + next(Math.min(whole.length, other.length) - 1);
      const bytes = new Uint8Array(Buffer.concat([whole.subarray(0, place), other.subarray(place)]));
      const same = [whole, other].some((each) => Buffer.compare(each, bytes) === 0);
      if (!same) expect([place, await refusal(bytes)]).toEqual([place, "E_BAD_SNAPSHOT"]);
    }
  });
});

describe("a snapshot of somebody else's is E_BAD_SNAPSHOT", () => {
  it("of the other machine, naming both", async (context) => {
    const other = machine === "kvm" ? "soft" : "kvm";
    let bytes: Uint8Array;
    try {
      bytes = await saved({}, { machine: other });
    } catch (error) {
      context.skip(`no machine ${other}: ${String(error)}`);
      return;
    }
    const error = await errorOf(() => Sandbox.from(bytes, { host: host(), machine }));
    expect(error.code).toBe("E_BAD_SNAPSHOT");
    expect(error.message).toContain(other);
  });
});

describe("a key", () => {
  it("lets the snapshot in that it signed", async () => {
    await using loaded = await Sandbox.from(await saved({ key }), { host: host(), key });
    expect(loaded.call("count")).toBe(1);
  });

  it.each<[string, Uint8Array | undefined, Uint8Array | undefined]>([
    ["another one", key, key.map((byte) => byte ^ 1)],
    ["none where there was one", key, undefined],
    ["one where there was none", undefined, key],
    ["its beginning", key, key.slice(0, 16)],
    ["it with zeros behind", key, new Uint8Array([...key, 0])],
  ])("refuses by %s", async (_, signedBy, readBy) => {
    const bytes = await saved(signedBy === undefined ? {} : { key: signedBy });
    const options = { host: host(), ...(readBy !== undefined && { key: readBy }) };
    const error = await errorOf(() => Sandbox.from(bytes, options));
    expect(error.code).toBe("E_BAD_SNAPSHOT");
    expect(error.message).toContain("key");
  });

  it("refuses every change, hashes that fit included", async () => {
    const bytes = await saved({ key });
    const next = numbers(6);
    for (let round = 0; round < cases; round += 1) {
      const copy = bytes.slice();
      const place = next(round % 2 === 0 ? 512 : bytes.length);
      copy[place] = (copy[place] ?? 0) ^ (1 + next(255));
      const error = await errorOf(() => Sandbox.from(copy, { host: host(), key }));
      expect([place, error.code]).toEqual([place, "E_BAD_SNAPSHOT"]);
    }
  });

  it("that is none is E_OPTION", async () => {
    await using sandbox = await Sandbox.create({ module: stateful, host: host() });
    for (const bad of ["secret", 1, null, new Uint8Array(0), [1, 2, 3]]) {
      const options = { key: bad as unknown as Uint8Array };
      expect((await errorOf(() => sandbox.snapshot(options))).code).toBe("E_OPTION");
      expect((await errorOf(() => Sandbox.from(whole, { host: host(), ...options }))).code).toBe("E_OPTION");
    }
  });
});

describe("host functions of a snapshot", () => {
  it("that are missing, or of another signature, are refused by name", async () => {
    const wrong = hostFunction({ params: [t.i64], result: t.i32 }, () => 1);
    for (const given of [{}, { other: host().seed }, { seed: wrong }] as Record<string, HostFunction>[]) {
      // As at creation.
      const error = await errorOf(() => Sandbox.from(whole, { host: given }));
      expect(error.code).toBe(given["seed"] === wrong ? "E_TYPE" : "E_IMPORT");
      expect(error.message).toContain("seed");
    }
  });

  it("are those that were given, not those of the boot", async () => {
    await using loaded = await Sandbox.from(whole, { host: host(99) });
    expect(loaded.call("ask")).toBe(99);
  });

  it("are bound by name, in whatever order they are given", async () => {
    const module = moduleOf("host");
    const numbersOf = {
      now: hostFunction({ params: [], result: t.u64 }, () => 5n),
      mix: hostFunction({ params: [t.i32, t.i64, t.f32, t.f64], result: t.f64 }, () => 6),
      flag: hostFunction({ params: [t.bool], result: t.bool }, (value) => !value),
      notify: hostFunction({ params: [t.u32] }, () => {}),
      upper: hostFunction({ params: [t.bytes], result: t.bytes }, (input) =>
        utf8(textOf(input).toUpperCase()),
      ),
      log: hostFunction({ params: [t.bytes], deferred: true }, () => {}),
      tick: hostFunction({ params: [t.i32], deferred: true }, () => {}),
    };
    await using sandbox = await Sandbox.create({ module, host: numbersOf });
    const bytes = await bytesOf(sandbox);
    const turned = Object.fromEntries(Object.entries(numbersOf).reverse());
    await using loaded = await Sandbox.from(bytes, { host: turned });
    expect(loaded.call("now")).toBe(5n);
    expect(loaded.call("mix", 1, 2n, 3, 4)).toBe(6);
    expect(textOf(loaded.callBytes("upper", utf8("loud")))).toBe("LOUD");
    // One-way there, and not one-way here: another function.
    const other = { ...numbersOf, log: hostFunction({ params: [t.bytes] }, () => {}) };
    const error = await errorOf(() => Sandbox.from(bytes, { host: other }));
    expect(error.code).toMatch(/^E_(IMPORT|TYPE)$/);
  });
});

describe("limits of a snapshot", () => {
  it("less memory than it has open is refused; what it was booted with holds on", async () => {
    await using sandbox = await Sandbox.create({
      module: stateful,
      host: host(),
      limits: { memory: "8MiB" },
    });
    const session = sandbox.session();
    expect(session.call("grow", 100)).toBe(1);
    const bytes = await bytesOf(session);
    const error = await errorOf(() => Sandbox.from(bytes, { host: host(), limits: { memory: "1MiB" } }));
    expect(["E_BAD_SNAPSHOT", "E_MEMORY", "E_OPTION"]).toContain(error.code);
    await using loaded = await Sandbox.from(bytes, { host: host(), limits: { memory: "8MiB" } });
    expect(loaded.call("size")).toBe(101);
    // Its table counts too.
    expect(loaded.call("grow", 27)).toBe(-1);
    expect(loaded.call("grow", 26)).toBe(101);
  });
});

describe("bytes of a snapshot", () => {
  it("are copied before anything is checked", async () => {
    const bytes = whole.slice();
    const loading = Sandbox.from(bytes, { host: host() });
    bytes.fill(0);
    await using loaded = await loading;
    expect(loaded.call("count")).toBe(1);
  });

  it("are not shared memory, nor memory that may change its size", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(whole.length));
    shared.set(whole);
    for (const source of [shared, null, 7, {}, undefined]) {
      const error = await errorOf(() => Sandbox.from(source as Uint8Array, { host: host() }));
      expect(["E_OPTION", "E_TYPE", "E_BAD_SNAPSHOT"]).toContain(error.code);
    }
  });
});

describe("a component's snapshot", () => {
  it("has typed calls; one of a session with resources has none that nobody owns", async () => {
    class Logger {
      constructor(readonly prefix: string) {}
      log(text: string): number {
        return this.prefix.length + text.length;
      }
    }
    const functions = {
      "docs:calc/log@0.1.0": { Logger, write: () => {}, ask: (text: string) => text.length },
      now: () => 42n,
    };
    await using sandbox = await Sandbox.create({ module: await typedModuleOf("calc"), host: functions });
    await using loaded = await Sandbox.from(await bytesOf(sandbox), { host: functions });
    expect(loaded.call("docs:calc/ops@0.1.0#add", 2, 3)).toBe(5);
    expect((await errorOf(() => loaded.call("divide", 1, 0))).code).toBe("E_GUEST_ERROR");
    const incomplete = { now: () => 42n };
    expect((await errorOf(async () => Sandbox.from(await bytesOf(sandbox), { host: incomplete }))).code).toBe(
      "E_IMPORT",
    );
    const session = sandbox.session();
    session.call("keep-logger", new Logger("kept"));
    expect((await errorOf(() => session.snapshot())).code).toMatch(/^E_(UNSUPPORTED|BUSY|OPTION)$/);
  });
});
