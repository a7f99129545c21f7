import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import {
  connectTcp,
  type Envoy,
  replaceFile,
  startEnvoy,
  type TcpClient,
  validate,
  waitFor,
} from "@twinwall/tool-envoy";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Folder } from "../support/guests.js";
import {
  compileGuest,
  compileText,
  inProcessProblem,
  listeners,
  moduleEnvironment,
  needsInProcess,
} from "../support/in-process.js";

const folder = new Folder();
const updates = folder.file("listeners.json");
let good = "";
let envoy: Envoy;

needsInProcess();
beforeAll(async () => {
  if (inProcessProblem() !== undefined) return;
  good = await compileGuest(folder, "commands");
  await replaceFile(updates, await resources({ state: "connection", directions: "read" }));
  const source = { path_config_source: { path: updates }, resource_api_version: "V3" };
  const config = { node: { id: "test", cluster: "test" }, dynamic_resources: { lds_config: source } };
  envoy = await startEnvoy({ config, env: moduleEnvironment() });
});
afterAll(async () => {
  await envoy?.stop();
  folder[Symbol.dispose]();
});

/** One listener with these options, which may be wrong where the generator would not let them pass. */
async function configuration(changes: object): Promise<object> {
  const { listeners: made, clusters } = await listeners([
    { name: "twinwall", connection: { module: good, counters: ["first"] } },
  ]);
  const text = JSON.stringify({ listeners: made, clusters });
  const pattern = /"value":"(?:[^"\\]|\\.)*"/;
  const value: unknown = JSON.parse(`{${pattern.exec(text)?.[0]}}`);
  const options: object = JSON.parse((value as { value: string }).value);
  const changed = JSON.stringify(JSON.stringify({ ...options, ...changes }));
  return { static_resources: JSON.parse(text.replace(pattern, () => `"value":${changed}`)) };
}

/** A running Envoy gets these options as an update of its listener; what the module says to them. */
async function refusal(changes: object): Promise<string> {
  const said = (): string[] => envoy.log.matching(/twinwall: the configuration is refused/);
  const before = said().length;
  await replaceFile(updates, await resources(changes));
  return await waitFor("a refusal", () => said()[before], 10_000);
}

/** Listeners as an update has them. */
async function resources(changes: object): Promise<object> {
  const whole = (await configuration(changes)) as { static_resources: { listeners: object[] } };
  const type = "type.googleapis.com/envoy.config.listener.v3.Listener";
  return { resources: whole.static_resources.listeners.map((listener) => ({ "@type": type, ...listener })) };
}

function fileWith(name: string, bytes: Uint8Array | string): { module: string; sha256: string } {
  const module = folder.file(name);
  writeFileSync(module, bytes);
  return { module, sha256: hashOf(module) };
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("an update of the listeners is refused, with the reason, and the old ones stay", () => {
  let old: TcpClient;
  let calls = 0;
  // A connection from before the first update: its guest goes on counting.
  beforeAll(async () => {
    if (envoy !== undefined) old = await connectTcp(envoy);
  });
  afterAll(() => old?.[Symbol.dispose]());
  afterEach(async () => {
    calls += 1;
    await old.send("s");
    expect((await old.read(1)).toString()).toBe(String.fromCharCode(0x30 + calls));
    using other = await connectTcp(envoy);
    expect((await other.exchange(Buffer.from("s"))).toString()).toBe("1");
  });

  it("when the module's file is missing", async () => {
    expect(await refusal({ module: "/no/such.cwasm" })).toMatch(/refused: E_NO_FILE: .*"\/no\/such\.cwasm"/);
  });

  it("when it is no regular file", async () => {
    expect(await refusal({ module: "/dev/zero" })).toContain("refused: E_BAD_MODULE");
    const pipe = folder.file("pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    expect(await refusal({ module: pipe })).toContain("refused: E_BAD_MODULE");
  });

  it("when its hash is another one", async () => {
    expect(await refusal({ sha256: "0".repeat(64) })).toMatch(
      /refused: E_BAD_MODULE: .*its SHA-256 is [0-9a-f]{64}/,
    );
  });

  it.each([
    ["is WebAssembly that was not compiled", () => fileWith("a", "\0asm\x01\0\0\0")],
    ["is empty", () => fileWith("b", "")],
    ["is an ELF file, but no image", () => ({ module: "/bin/true", sha256: hashOf("/bin/true") })],
    [
      "is cut short",
      () => {
        copyFileSync(good, folder.file("short"));
        truncateSync(folder.file("short"), 5000);
        return { module: folder.file("short"), sha256: hashOf(folder.file("short")) };
      },
    ],
  ])("when the module %s", async (_, make) => {
    expect(await refusal(make())).toContain("refused: E_BAD_MODULE");
  });

  const allocate = '(func (export "twinwall_allocate") (param i32) (result i32) (i32.const 64))';
  it.each([
    ["has no on_data", "E_NO_FUNCTION", '(module (memory (export "memory") 1))'],
    [
      "has an on_data of another type",
      "E_TYPE",
      '(module (memory (export "memory") 1) (func (export "on_data")))',
    ],
    [
      "wants what is not there",
      "E_IMPORT",
      '(module (import "twinwall" "open" (func)) (memory (export "memory") 1))',
    ],
    [
      "wants it with another type",
      "E_TYPE",
      '(module (import "twinwall" "count" (func (param i32))) (memory (export "memory") 1))',
    ],
    ["does not fit its memory", "E_MEMORY", '(module (memory (export "memory") 2000))'],
    [
      "traps while it starts",
      "E_TRAP",
      `(module (memory (export "memory") 1) ${allocate} (func (export "_initialize") unreachable))`,
    ],
    [
      "does not come to an end while it starts",
      "E_DEADLINE",
      `(module (memory (export "memory") 1) ${allocate} (func (export "_initialize") (loop (br 0))))`,
    ],
  ])("when the module %s", async (what, code, text) => {
    const module = await compileText(folder, `shape-${what.length}`, text);
    expect(await refusal({ module, sha256: hashOf(module) })).toContain(`refused: ${code}`);
  });

  it("when the module was compiled with another setting of fuel", async () => {
    expect(await refusal({ limits: { fuel: 1000 } })).toMatch(/refused: E_BAD_MODULE: .*--fuel/);
  });

  it("when an option is unknown or bad", async () => {
    expect(await refusal({ modules: 3 })).toContain(
      "refused: E_OPTION: connection options: unknown field `modules`",
    );
    expect(await refusal({ limits: { memory: "much" } })).toContain("refused: E_OPTION: memory");
  });
});

describe("Envoy does not start", () => {
  /** What Envoy says when it refuses. */
  async function refused(changes: object, launcher: readonly string[] = []): Promise<string> {
    const config = await configuration(changes);
    const { ok, output } = await validate(config, { env: moduleEnvironment(), launcher });
    expect(ok).toBe(false);
    return output;
  }

  it("not when everything is there", async () => {
    expect(await validate(await configuration({}), { env: moduleEnvironment() })).toMatchObject({ ok: true });
  });

  it("when the module's file is missing", async () => {
    expect(await refused({ module: "/no/such.cwasm" })).toMatch(/refused: E_NO_FILE: .*"\/no\/such\.cwasm"/);
  });

  it("when there is no KVM", async ({ skip }) => {
    // A namespace of its own, in which /dev holds what any program needs, and no more.
    const hide =
      'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 444 /dev/urandom c 1 9 && exec "$@"';
    const launcher = ["unshare", "--mount", "sh", "-c", hide, "sh"];
    const [program = "", ...words] = [...launcher, "true"];
    const { status, stderr } = spawnSync(program, words, { encoding: "utf8", timeout: 10_000 });
    skip(status !== 0, `/dev/kvm cannot be hidden: ${stderr}`);
    expect(await refused({}, launcher)).toMatch(/refused: E_NO_MACHINE: .*\/dev\/kvm/);
  });
});
