import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createCompiler } from "@twinwall/compiler";
import { envoyProblem, validate } from "@twinwall/tool-envoy";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type InProcessConfigOptions, inProcessConfig, toYaml } from "../../src/index.js";
import { buildStubModule, type StubModule, shownConfigurations } from "../support/stub-module.js";

const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const listen = "127.0.0.1:0";

const folder = mkdtempSync(join(tmpdir(), "twinwall-config-"));
const paths = {
  wasm: join(folder, "guest.wasm"),
  cwasm: join(folder, "guest.cwasm"),
  soft: join(folder, "soft.cwasm"),
  native: join(folder, 'n "no": ü\u2028'),
  text: join(folder, "guest.txt"),
};
let sha256 = "";

beforeAll(async () => {
  const compiler = createCompiler();
  const { bytes } = await compiler.compile(EMPTY_MODULE, { machine: "kvm", fuel: false });
  writeFileSync(paths.cwasm, bytes);
  sha256 = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(paths.soft, (await compiler.compile(EMPTY_MODULE, { machine: "soft", fuel: true })).bytes);
  await compiler.close();
  writeFileSync(paths.wasm, EMPTY_MODULE);
  writeFileSync(paths.native, "\x7fELF and so on");
  writeFileSync(paths.text, "hello");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the dynamic module is given, as it stands in the YAML. */
async function givenTo(options: InProcessConfigOptions): Promise<unknown> {
  const { filters } = parse(toYaml(await inProcessConfig({ ...options, filterOnly: true }))) as {
    filters: { typed_config: { filter_config: { value: string } } }[];
  };
  return JSON.parse(filters[0]?.typed_config.filter_config.value ?? "");
}

describe("a configuration for the dynamic module", () => {
  const problem = envoyProblem();
  let stub: StubModule;
  beforeAll(() => {
    stub = buildStubModule();
  });
  beforeEach((context) => context.skip(problem !== undefined, problem));
  afterAll(() => stub[Symbol.dispose]());

  it.each<[string, () => InProcessConfigOptions]>([
    ["echo", () => ({ connection: { module: paths.cwasm }, listen })],
    ["terminal", () => ({ connection: { module: paths.cwasm, terminal: true, directions: "read" }, listen })],
    ["upstream", () => ({ connection: { module: paths.cwasm }, listen, upstream: "127.0.0.1:9" })],
    [
      "a native image, oddly named",
      () => ({ connection: { module: paths.native, init: "yes\n- no\t\u0085" }, listen }),
    ],
    ["no module", () => ({ connection: { machine: "none" }, listen, admin: "[::1]:0" })],
    [
      "all options",
      () => ({
        connection: {
          module: paths.cwasm,
          machine: "kvm",
          limits: {
            memory: 2 ** 33,
            deadline: "20ms",
            fuel: 2n ** 50n,
            resultBytes: "1MiB",
            hostCalls: 10,
            logBytes: 0,
          },
          state: "connection",
          placement: "thread",
          directions: "write",
          terminal: false,
          counters: ["n", "y", "0x10"],
          init: "no",
          warm: 0,
          machines: 2 ** 16,
        },
        listen,
      }),
    ],
  ])("validates, and reaches the module as it is: %s", async (_, make) => {
    const options = make();
    const env = { ENVOY_DYNAMIC_MODULES_SEARCH_PATH: stub.folder };
    const { ok, output } = await validate(toYaml(await inProcessConfig(options)), { env });
    expect(ok, output).toBe(true);
    expect(output).not.toMatch(/deprecated/i);
    const { listen: _listen, upstream: _upstream, admin: _admin, ...filter } = options;
    const [shown] = shownConfigurations(output);
    expect(shown).toEqual(await givenTo(filter));
    const fuel = options.connection.limits?.fuel;
    expect(shown).toMatchObject(
      fuel === undefined
        ? options.connection
        : { ...options.connection, limits: { ...options.connection.limits, fuel: Number(fuel) } },
    );
  });
});

describe("the module's file", () => {
  it("is hashed, and its path made absolute", async () => {
    const module = relative(process.cwd(), paths.cwasm);
    expect(await givenTo({ connection: { module } })).toEqual({ module: paths.cwasm, sha256 });
    const expected = { module, sha256: sha256.toUpperCase() };
    expect(await givenTo({ connection: expected })).toEqual({ module: paths.cwasm, sha256 });
  });

  it.each<[string, () => InProcessConfigOptions["connection"], string, RegExp]>([
    [
      "not compiled",
      () => ({ module: paths.wasm }),
      "E_OPTION",
      /run: twinwall compile \S*guest.wasm -o \S*guest.cwasm --machine kvm$/,
    ],
    [
      "for another machine",
      () => ({ module: paths.soft }),
      "E_OPTION",
      /compiled for soft; .*--machine kvm$/,
    ],
    ["something else", () => ({ module: paths.text }), "E_OPTION", /neither a .cwasm nor a native image/],
    [
      "another one than expected",
      () => ({ module: paths.cwasm, sha256: "0".repeat(64) }),
      "E_OPTION",
      /another one than/,
    ],
    ["not there", () => ({ module: join(folder, "none.cwasm") }), "E_NO_FILE", /none.cwasm: no such file/],
    ["a directory", () => ({ module: folder }), "E_NO_FILE", /a directory/],
    ["not named", () => ({}), "E_OPTION", /module: expected the path of a module/],
    [
      "not wanted",
      () => ({ module: paths.cwasm, machine: "none" }),
      "E_OPTION",
      /module: machine "none" runs no module/,
    ],
  ])("is refused: %s", async (_, connection, code, message) => {
    await expect(inProcessConfig({ connection: connection(), listen })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("wrong options", () => {
  it.each<[string, () => object, RegExp]>([
    [
      "nowhere to listen",
      () => ({ connection: { module: paths.cwasm } }),
      /listen: undefined is no HOST:PORT/,
    ],
    [
      "an upstream behind the last filter",
      () => ({
        connection: { module: paths.cwasm, terminal: true, directions: "read" },
        listen,
        upstream: "a:1",
      }),
      /upstream: with "terminal" connections go nowhere/,
    ],
    [
      "terminal in both directions",
      () => ({ connection: { module: paths.cwasm, terminal: true, directions: "both" }, listen }),
      /must be "read"/,
    ],
    ["a misspelt name", () => ({ connection: {}, listne: listen }), /unknown option "listne"/],
    ["a misspelt name inside", () => ({ connection: { modul: "x" }, listen }), /unknown option "modul"/],
    ["no connection", () => ({ listen }), /connection options: expected an object/],
    [
      "too much fuel",
      () => ({ connection: { module: paths.cwasm, limits: { fuel: 2n ** 60n } }, listen }),
      /fuel: 1152921504606846976 is more than/,
    ],
  ])("%s is E_OPTION", async (_, options, message) => {
    await expect(inProcessConfig(options() as InProcessConfigOptions)).rejects.toMatchObject({
      code: "E_OPTION",
      message: expect.stringMatching(message) as string,
    });
  });
});
