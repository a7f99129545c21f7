import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hostFunction, Sandbox, type SandboxOptions, t } from "../src/index.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { machine, needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";
import { bytesOf, contains, stateful } from "./support/snapshots.js";

needsMachine();

const folder = mkdtempSync(join(tmpdir(), "twinwall-snapshots-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function host(value: number) {
  return { seed: hostFunction({ params: [], result: t.i32 }, () => value) };
}

function create(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return Sandbox.create({ module: stateful, host: host(1), init: utf8("settings"), ...options });
}

/** The bytes of a sandbox's snapshot; the sandbox is closed again. */
async function saved(options: Partial<SandboxOptions> = {}): Promise<Uint8Array> {
  await using sandbox = await create(options);
  return await bytesOf(sandbox);
}

describe("a snapshot in a file", () => {
  it("is its owner's alone, whole, and under its name at once", async () => {
    const file = join(folder, "mode.snapshot");
    writeFileSync(file, "what was there", { mode: 0o644 });
    const before = process.umask(0);
    try {
      await using sandbox = await create();
      await sandbox.snapshot({ file });
    } finally {
      process.umask(before);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name !== "mode.snapshot")).toEqual([]);
    await using loaded = await Sandbox.from(file, { host: host(1) });
    expect(textOf(loaded.callBytes("given"))).toBe("settings");
  });

  it("takes the place of a link, not of what it points to", async () => {
    const [target, link] = [join(folder, "target"), join(folder, "link")];
    writeFileSync(target, "kept");
    symlinkSync(target, link);
    await using sandbox = await create();
    await sandbox.snapshot({ file: link });
    expect(readFileSync(target, "utf8")).toBe("kept");
    expect(statSync(link).mode & 0o777).toBe(0o600);
  });

  it("leaves nothing behind where it cannot be written", async () => {
    await using sandbox = await create();
    const missing = join(folder, "no", "such", "folder");
    expect((await errorOf(() => sandbox.snapshot({ file: missing }))).code).toBe("E_NO_FILE");
    const closed = mkdtempSync(join(folder, "closed-"));
    // A folder of that name: the rename fails behind the writing.
    const file = join(closed, "taken");
    mkdtempSync(`${file}`);
    chmodSync(closed, 0o700);
    const entries = readdirSync(closed).length;
    const taken = join(closed, readdirSync(closed)[0] ?? "");
    expect((await errorOf(() => sandbox.snapshot({ file: taken }))).code).toBe("E_NO_FILE");
    expect(readdirSync(closed).length).toBe(entries);
  });

  it("that is missing, a folder or endless is refused with its name", async () => {
    for (const file of [join(folder, "missing"), folder]) {
      const error = await errorOf(() => Sandbox.from(file, { host: host(1) }));
      expect(error.code).toBe("E_NO_FILE");
      expect(error.message).toContain(file);
    }
    expect((await errorOf(() => Sandbox.from("/dev/zero", { host: host(1) }))).code).toMatch(
      /^E_(NO_FILE|BAD_SNAPSHOT)$/,
    );
  });

  it("goes on where initialisation ended, without compiling or booting", async () => {
    await using loaded = await Sandbox.from(await saved(), { host: host(7) });
    expect(loaded.stats()).toMatchObject({ compileUs: 0, bootUs: 0 });
    expect(loaded.machine).toBe(machine);
    expect(textOf(loaded.callBytes("given"))).toBe("settings");
    expect(textOf(loaded.callBytes("echo", utf8("hello")))).toBe("hello");
    expect(loaded.call("ask")).toBe(7);
  });
});

describe("a machine from a snapshot", () => {
  it("has a clean slate after each call, and sessions", async () => {
    await using loaded = await Sandbox.from(await saved(), { host: host(1) });
    expect([loaded.call("count"), loaded.call("count")]).toEqual([1, 1]);
    const session = loaded.session();
    expect([session.call("count"), session.call("count")]).toEqual([1, 2]);
    session.finish();
    expect(loaded.call("count")).toBe(1);
  });

  it("serves calls on other threads, and pools", async () => {
    await using loaded = await Sandbox.from(await saved(), { host: host(3) });
    expect(textOf(await loaded.callAsync("given"))).toBe("settings");
    expect(await loaded.callAsync("ask", [])).toBe(3);
    await using pool = await loaded.pool({ max: 2 });
    expect(await Promise.all([pool.callAsync("count", []), pool.callAsync("count", [])])).toEqual([1, 1]);
  });

  it("has fresh random numbers and clocks in each call, unlike any other's", async () => {
    const bytes = await saved();
    await using first = await Sandbox.from(bytes, { host: host(1) });
    await using second = await Sandbox.from(bytes, { host: host(1) });
    const drawn = [first, first, second, second].map((sandbox) => sandbox.call("random"));
    expect(new Set(drawn).size).toBe(4);
    const now = BigInt(Date.now()) * 1_000_000n;
    const wall = first.call("wall") as bigint;
    expect(wall > now - 5_000_000_000n && wall < now + 60_000_000_000n).toBe(true);
    const monotonic = first.call("monotonic") as bigint;
    expect(monotonic >= 0n && monotonic < 1_000_000_000n).toBe(true);
  });

  it("keeps to the limits that it was given", async () => {
    const bytes = await saved();
    await using loaded = await Sandbox.from(bytes, { host: host(1), limits: { deadline: "30ms" } });
    expect((await errorOf(() => loaded.call("forever"))).code).toBe("E_DEADLINE");
    expect(await inTime(30, () => loaded.call("count"))).toBe(1);
  });

  it("can be saved again", async () => {
    await using loaded = await Sandbox.from(await saved(), { host: host(1) });
    await using again = await Sandbox.from(await bytesOf(loaded), { host: host(2) });
    expect(textOf(again.callBytes("given"))).toBe("settings");
    expect(again.call("ask")).toBe(2);
  });
});

describe("a snapshot of a session", () => {
  it("has all that the session changed, and leaves the session as it is", async () => {
    await using sandbox = await create();
    const session = sandbox.session();
    session.call("count");
    session.call("count");
    expect(session.call("grow", 40)).toBe(1);
    session.call("store", 41 * 65_536 - 8, 0x1234_5678_9abc_def0n);
    session.call("swap");
    const bytes = await bytesOf(session);
    expect(session.call("count")).toBe(3);
    session.finish();
    expect(sandbox.call("count")).toBe(1);
    await using loaded = await Sandbox.from(bytes, { host: host(1) });
    for (let round = 0; round < 2; round += 1) {
      expect(loaded.call("count")).toBe(3);
      expect(loaded.call("size")).toBe(41);
      expect(loaded.call("load", 41 * 65_536 - 8)).toBe(0x1234_5678_9abc_def0n);
      expect(loaded.call("first")).toBe(2);
      expect(loaded.call("grow", 8)).toBe(41);
    }
    expect(await loaded.callAsync("load", [41 * 65_536 - 8])).toBe(0x1234_5678_9abc_def0n);
  });

  it("starts the session's clock anew", async () => {
    await using sandbox = await create();
    const session = sandbox.session();
    session.call("monotonic");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const bytes = await bytesOf(session);
    session.finish();
    await using loaded = await Sandbox.from(bytes, { host: host(1) });
    expect((loaded.call("monotonic") as bigint) < 250_000_000n).toBe(true);
  });

  it("is refused when the session is over, or a call runs", async () => {
    await using sandbox = await create();
    const session = sandbox.session();
    const running = session.callAsync("count", []);
    expect((await errorOf(() => session.snapshot())).code).toBe("E_BUSY");
    await running;
    session.finish();
    expect((await errorOf(() => session.snapshot())).code).toBe("E_DISPOSED");
    sandbox.close();
    expect((await errorOf(() => sandbox.snapshot())).code).toBe("E_DISPOSED");
  });
});

describe("what a snapshot does not hold", () => {
  it("is a fixed seed, at the boot or in a session", async () => {
    const seed = utf8("a seed that nobody may ever see!");
    expect(seed.length).toBe(32);
    await using sandbox = await create({ seed });
    const fixed = sandbox.call("random");
    const session = sandbox.session();
    session.call("random");
    for (const owner of [session, sandbox]) {
      let bytes: Uint8Array;
      try {
        bytes = await bytesOf(owner);
      } catch (error) {
        // To refuse is right as well.
        expect(error).toMatchObject({ code: "E_OPTION" });
        continue;
      }
      expect(contains(bytes, seed)).toBe(false);
      await using loaded = await Sandbox.from(bytes, { host: host(1) });
      expect(loaded.call("random")).not.toBe(fixed);
    }
  });

  it("is what the last call of a session sent and got by the mailbox", async () => {
    await using sandbox = await create();
    const session = sandbox.session();
    const secret = utf8("passed through the areas of the mailbox");
    session.callBytes("echo", secret);
    const copies = (bytes: Uint8Array) =>
      Buffer.from(bytes).toString("latin1").split(textOf(secret)).length - 1;
    // The one copy is the guest's own: in its linear memory.
    expect(copies(await bytesOf(session))).toBeLessThanOrEqual(1);
    session.finish();
    expect(copies(await bytesOf(sandbox))).toBe(0);
  });

  it("are arguments, environment and stdin of runs", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("command") });
    const secrets = ["argument-4711", "variable-4711", "input-4711"] as const;
    await sandbox.run({ args: [secrets[0]], env: { SECRET: secrets[1] }, stdin: secrets[2] });
    const bytes = await bytesOf(sandbox);
    for (const secret of secrets) expect(contains(bytes, utf8(secret))).toBe(false);
    await using loaded = await Sandbox.from(bytes);
    expect(loaded.command).toBe(true);
    const runs = [sandbox, loaded].map((each) => each.run({ args: ["a"], env: {}, stdin: "b" }));
    const [expected, found] = await Promise.all(runs);
    expect(found).toEqual(expected);
  });
});
