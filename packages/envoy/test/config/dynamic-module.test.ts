import { existsSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createCompiler } from "@twinwall/compiler";
import { connectTcp, envoyProblem, startEnvoy, validate } from "@twinwall/tool-envoy";
import { hostProblem } from "@twinwall/vmm-kvm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ConnectionOptions, dynamicModulePath, inProcessConfig, toYaml } from "../../src/index.js";
import { assemble, Folder } from "../support/guests.js";

const built = fileURLToPath(new URL("../../artifacts/libtwinwall_envoy.so", import.meta.url));

it("says where the dynamic module lies, or that it does not", () => {
  if (existsSync(built)) expect(dynamicModulePath()).toBe(built);
  else expect(() => dynamicModulePath()).toThrow(/^E_NO_FILE: .*libtwinwall_envoy.so: /);
});

/** Passes everything on as it is. */
const ECHO = `(module
  (memory (export "memory") 3)
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "on_data") (param $pointer i32) (param $length i32) (result i64)
    (i32.store8 (local.get $pointer) (i32.const 0))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $pointer)) (i64.const 32))
      (i64.extend_i32_u (local.get $length)))))`;

describe("a configuration with the real dynamic module", () => {
  const problem =
    envoyProblem() ??
    (existsSync(built) ? hostProblem() : "no artifacts/libtwinwall_envoy.so: it was not built");
  beforeEach((context) => context.skip(problem !== undefined, problem));

  const folder = new Folder();
  const module = folder.file("guest.cwasm");
  const env = { ENVOY_DYNAMIC_MODULES_SEARCH_PATH: dirname(built) };
  beforeAll(async () => {
    const compiler = createCompiler();
    const { bytes } = await compiler.compile(assemble(ECHO), { machine: "kvm", fuel: false });
    await compiler.close();
    writeFileSync(module, bytes);
  });
  afterAll(() => folder[Symbol.dispose]());

  it.for<[string, ConnectionOptions, { upstream?: string }]>([
    ["defaults", { module }, {}],
    ["terminal", { module, terminal: true, directions: "read" }, {}],
    [
      "a session, on a thread",
      { module, state: "connection", placement: "thread" },
      { upstream: "127.0.0.1:9" },
    ],
    [
      "limits and counters",
      {
        module,
        limits: { memory: 2 ** 20, deadline: 2.5, logBytes: "4KiB" },
        counters: ["n"],
        warm: 0,
        init: "",
      },
      {},
    ],
    ["no guest", { machine: "none" }, {}],
    ["one exit", { machine: "floor" }, {}],
  ])("validates: %s", async ([, connection, places]) => {
    const config = await inProcessConfig({ connection, listen: "127.0.0.1:0", ...places });
    expect(await validate(toYaml(config), { env })).toMatchObject({ ok: true });
  });

  it("runs the guest", async () => {
    const config = await inProcessConfig({ connection: { module }, listen: "127.0.0.1:0" });
    await using envoy = await startEnvoy({ config: toYaml(config), env });
    using client = await connectTcp(envoy);
    expect((await client.exchange(Buffer.from("hello"))).toString()).toBe("hello");
  });

  it("is refused when the module's file is another one, or gone", async () => {
    const text = toYaml(await inProcessConfig({ connection: { module }, listen: "127.0.0.1:0" }));
    const other = await validate(text.replace(/"sha256": "[0-9a-f]{4}/, '"sha256": "0000'), { env });
    expect(other.ok).toBe(false);
    expect(other.output).toMatch(/sha256|SHA-256/i);
    renameSync(module, `${module}.gone`);
    const gone = await validate(text, { env });
    renameSync(`${module}.gone`, module);
    expect(gone.ok).toBe(false);
    expect(gone.output).toContain("E_NO_FILE");
  });
});
