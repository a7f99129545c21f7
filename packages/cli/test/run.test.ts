import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { twinwall } from "./support/cli.js";
import { machine, noMachine } from "./support/machine.js";
import { buildModules, type Modules } from "./support/modules.js";

const LINE = /^twinwall: [^\n]*\n$/;

describe.skipIf(noMachine)(`twinwall run${noMachine ? ` (skipped: ${noMachine})` : ""}`, () => {
  let modules: Modules;

  beforeAll(async () => {
    modules = await buildModules();
  });

  afterAll(() => modules.dispose());

  const call = (module: string, name: string, ...more: string[]) =>
    twinwall(["run", modules.path(module), "--call", name, ...more]);

  describe("--call on bytes", () => {
    it("writes the result as it is", async () => {
      const { status, stdout } = await call("bytes.wasm", "upper", "--data", "héllo");
      expect(stdout.toString()).toBe("HéLLO");
      expect(status).toBe(0);
    });

    it("takes a file's bytes, more than fit the first buffers", async () => {
      const bytes = Buffer.alloc(3_000_000, "ab\0\xff", "latin1");
      writeFileSync(modules.path("input"), bytes);
      const { status, stdout } = await call("bytes.wasm", "upper", "--data", `@${modules.path("input")}`);
      expect(status).toBe(0);
      expect(stdout.equals(Buffer.alloc(3_000_000, "AB\0\xff", "latin1"))).toBe(true);
    });

    it("calls with no bytes when nothing is said", async () => {
      expect(await call("bytes.wasm", "upper")).toMatchObject({ status: 0, stdout: Buffer.alloc(0) });
    });

    it("tells the guest's own failure on one line", async () => {
      const { status, stderr } = await call("bytes.wasm", "refuse", "--data", "x");
      expect(status).toBe(3);
      expect(stderr).toMatch(LINE);
      expect(stderr).toMatch(/E_GUEST_ERROR.*7.*cannot do\\nthat/);
    });
  });

  describe("--call on scalars", () => {
    it.each([
      ["add", "[40, 2]", "42\n"],
      ["double", '["4611686018427387903"]', '"9223372036854775806"\n'],
      ["divide", "[1, 0]", '"Infinity"\n'],
      ["divide", '["NaN", 1]', '"NaN"\n'],
      ["nothing", "[]", "null\n"],
    ])("%s %s is %s", async (name, args, expected) => {
      const { status, stdout, stderr } = await call("scalars.wasm", name, "--args", args);
      expect({ status, stdout: stdout.toString(), stderr }).toEqual({
        status: 0,
        stdout: expected,
        stderr: "",
      });
    });

    it.each([
      [["add", "--args", "[1]"], "E_TYPE"],
      [["add", "--args", '["x", 1]'], "E_TYPE"],
      [
        ["subtract", "--args", "[1]"],
        'E_NO_FUNCTION: the module exports no function "subtract"; it has "add"',
      ],
      [["trap"], "unreachable"],
      [["spin", "--deadline", "50ms"], "E_DEADLINE"],
      [["spin", "--fuel", "100000"], "E_FUEL"],
    ])("%j fails with %s on one line", async ([name = "", ...more], text) => {
      const { status, stdout, stderr } = await call("scalars.wasm", name, ...more);
      expect(stderr).toContain(text);
      expect(stderr).toMatch(LINE);
      expect(stdout).toHaveLength(0);
      expect(status).toBe(3);
    });

    it.each([
      ["--memory", "lots"],
      ["--deadline", "soon"],
    ])("%s %s is a wrong command line", async (option, value) => {
      const { status, stderr } = await call("scalars.wasm", "add", "--args", "[1,2]", option, value);
      expect(stderr).toMatch(/E_OPTION/);
      expect(status).toBe(2);
    });
  });

  describe("a WASI command", () => {
    it("has stdin, stdout, stderr and its exit status", async () => {
      const input = Buffer.alloc(1_000_000, "0123456789");
      const { status, stdout, stderr } = await twinwall(["run", modules.path("command.wasm")], {
        stdin: input,
      });
      expect(stdout.equals(input)).toBe(true);
      expect(stderr).toBe("done\n");
      expect(status).toBe(5);
    });

    it("gets the arguments behind --, options among them, and the environment", async () => {
      const { status, stdout } = await twinwall([
        "run",
        modules.path("words.wasm"),
        ...["--env", "A=1=2", "--env", "B="],
        ...["--", "one two", "--json", "--", ""],
      ]);
      expect(stdout.toString().split("\0")).toEqual([
        "words.wasm",
        "one two",
        "--json",
        "--",
        "",
        "A=1=2",
        "B=",
        "",
      ]);
      expect(status).toBe(0);
    });

    it("streams more output than any buffer holds", async () => {
      const { status, stdout } = await twinwall(["run", modules.path("silent.wasm")]);
      expect(stdout).toHaveLength(4096 * 4096);
      expect(status).toBe(0);
    });

    it.each([4096, 0])("ends like any program when its reader goes after %i bytes", async (readOnly) => {
      const { status, stderr } = await twinwall(["run", modules.path("silent.wasm")], { readOnly });
      expect({ status, stderr }).toEqual({ status: 141, stderr: "" });
    });

    it("needs a _start", async () => {
      const { status, stderr } = await twinwall(["run", modules.path("scalars.wasm")]);
      expect(stderr).toMatch(/no _start.*--call; it has "add"/);
      expect(status).toBe(3);
    });
  });

  describe("--json", () => {
    const parse = (stdout: Buffer): Record<string, unknown> =>
      JSON.parse(stdout.toString()) as Record<string, unknown>;

    it("is one object about a call", async () => {
      const { status, stdout } = await call("bytes.wasm", "upper", "--data", "abc", "--json");
      expect(status).toBe(0);
      expect(parse(stdout)).toMatchObject({
        ok: true,
        machine,
        exitCode: null,
        result: null,
        bytes: Buffer.from("ABC").toString("base64"),
        error: null,
        stats: { exits: 1, hostCalls: 0 },
      });
    });

    it("has a command's streams and status", async () => {
      const { status, stdout, stderr } = await twinwall(["run", modules.path("command.wasm"), "--json"], {
        stdin: "in",
      });
      expect(parse(stdout)).toMatchObject({
        ok: true,
        exitCode: 5,
        bytes: null,
        stdout: Buffer.from("in").toString("base64"),
        stderr: Buffer.from("done\n").toString("base64"),
      });
      expect({ status, stderr }).toEqual({ status: 5, stderr: "" });
    });

    it("has the error with its WebAssembly stack", async () => {
      const { status, stdout } = await call("scalars.wasm", "trap", "--json");
      const report = parse(stdout);
      expect(report).toMatchObject({ ok: false, error: { code: "E_TRAP" } });
      const { backtrace } = report["error"] as { backtrace: { name: string }[] };
      expect(backtrace.map(({ name }) => name)).toEqual(["inner", "outer"]);
      expect(status).toBe(3);
    });
  });

  it("shows the WebAssembly frames with --debug", async () => {
    const { stderr } = await call("scalars.wasm", "trap", "--debug");
    expect(stderr).toMatch(/WebAssembly frames:\n0: inner \(function \d+, offset 0x[0-9a-f]+\)\n1: outer/);
  });

  it("leaves a bad module with one line and no result", async () => {
    writeFileSync(modules.path("text.wasm"), "this is no module");
    const { status, stderr } = await twinwall(["run", modules.path("text.wasm")]);
    expect(stderr).toMatch(/^twinwall: E_BAD_MODULE: [^\n]*\n$/);
    expect(status).toBe(3);
  });

  it("shows directories to the guest", async () => {
    mkdirSync(modules.path("shown"));
    writeFileSync(modules.path("shown/x"), "x");
    const given = ["--dir", `/d=${modules.path("shown")}`];
    expect((await twinwall(["run", modules.path("words.wasm"), ...given])).status).toBe(0);
    expect((await twinwall(["run", modules.path("words.wasm"), "--dir", "/d=/nowhere"])).stderr).toContain(
      "E_NO_FILE",
    );
  });
});
