import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { envoyProblem, validate } from "@twinwall/tool-envoy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { twinwall, wrong } from "./support/cli.js";
import { buildModules, type Modules } from "./support/modules.js";

let modules: Modules;
beforeAll(async () => {
  modules = await buildModules();
  const [module, output] = [modules.path("connection.wasm"), modules.path("connection.cwasm")];
  expect(await twinwall(["compile", module, "-o", output, "--machine", "kvm"])).toMatchObject({ status: 0 });
  writeFileSync(modules.path("native"), "\x7fELF");
});
afterAll(() => modules.dispose());

const config = (...words: string[]) => twinwall(["envoy", "config", ...words]);
const listen = ["--listen", "127.0.0.1:0"];
const overTcp = ["--ext-proc", "--service", "[::1]:50051", "--listen", "[::]:0"];
const extProc = ["--ext-proc", "--service", "unix:/run/twinwall.sock"];

/** The options that the dynamic module is given, out of YAML. */
function givenOptions(yaml: string): unknown {
  return JSON.parse(/value: \|\n((?: +[^ ].*\n)+?) *terminal_filter:/.exec(yaml)?.[1] ?? "");
}

describe("twinwall envoy config --ext-proc", () => {
  it.for<[string, string[]]>([
    ["echo", [...extProc, ...listen]],
    ["IPv6, names, administration", [...overTcp, "--upstream", "up.test:80", "--admin", "127.0.0.1:0"]],
    ["a service with an odd name", [...extProc, ...listen, "--directions", "read", "--module", "it's\nhere"]],
  ])("makes what Envoy accepts: %s", async ([, words], context) => {
    const { status, stdout, stderr } = await config(...words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const problem = envoyProblem();
    context.skip(problem !== undefined, problem);
    expect(await validate(stdout.toString())).toMatchObject({ ok: true });
  });

  it("says how the service is started, and Envoy", async () => {
    const words = [
      "--deadline",
      "20ms",
      "--state",
      "connection",
      "--counter",
      "a",
      "--counter",
      "b",
      "--workers",
      "2",
    ];
    const { stdout } = await config(...extProc, ...listen, ...words, "--module", "it's here.wasm");
    const [, service, , envoy] = stdout.toString().split("\n");
    expect(service).toBe(
      "#   twinwall envoy serve --listen unix:/run/twinwall.sock --module 'it'\\''s here.wasm' " +
        "--state connection --deadline 20ms --counter a --counter b",
    );
    expect(envoy).toBe("#   envoy -c envoy.yaml --concurrency 2");
    expect(stdout.toString()).toContain('message_timeout: "0.22s"');
  });

  it("prints the filter and the cluster alone", async () => {
    const { stdout } = await config(...extProc, "--filter-only");
    const keys = stdout
      .toString()
      .split("\n")
      .filter((line) => /^\w/.test(line));
    expect(keys).toEqual(["filters:", "clusters:"]);
  });
});

describe("twinwall envoy config --in-process", () => {
  it("writes a file with the module's hash, and says how Envoy is started", async () => {
    const module = modules.path("connection.cwasm");
    const output = modules.path("envoy.yaml");
    const words = [
      "--state",
      "connection",
      "--placement",
      "thread",
      "--memory",
      "1MiB",
      "--fuel",
      "5",
      "--init",
      "n",
    ];
    const made = await config("--in-process", "--module", module, ...listen, ...words, "-o", output);
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toHaveLength(0);
    const yaml = readFileSync(output, "utf8");
    expect(givenOptions(yaml)).toEqual({
      module,
      sha256: createHash("sha256").update(readFileSync(module)).digest("hex"),
      state: "connection",
      placement: "thread",
      init: "n",
      limits: { memory: "1MiB", fuel: 5 },
    });
    expect(yaml).toMatch(
      /^# Start Envoy with it:\n# {3}ENVOY_DYNAMIC_MODULES_SEARCH_PATH=\S+ envoy -c \S*envoy.yaml\n/,
    );
  });

  it("prints the filter alone, the last one of its chain where that is wished", async () => {
    const words = ["--module", modules.path("native"), "--terminal", "--directions", "read", "--filter-only"];
    const { status, stdout } = await config("--in-process", ...words);
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/^filters:$/m);
    expect(stdout.toString()).not.toMatch(/^(static_resources|clusters):/m);
    expect(stdout.toString()).toMatch(/terminal_filter: true/);
  });

  it("says how a module is compiled that is not", async () => {
    const module = modules.path("connection.wasm");
    const { status, stderr, stdout } = await config("--in-process", "--module", module, ...listen);
    expect(stderr).toContain(
      `twinwall compile ${module} -o ${module.replace("wasm", "cwasm")} --machine kvm\n`,
    );
    expect(stdout).toHaveLength(0);
    expect(status).toBe(2);
  });
});

describe("what does not go", () => {
  it.each([
    [[...listen], "either --in-process or --ext-proc"],
    [["--in-process", ...extProc, ...listen], "either --in-process or --ext-proc"],
    [["--in-process", ...listen], "--in-process needs --module"],
    [["--in-process", "--module", "x", "--service", "a:1", ...listen], "--service goes with --ext-proc only"],
    [["--ext-proc", ...listen], "--ext-proc needs --service"],
    [[...extProc], "say --listen HOST:PORT"],
    [[...extProc, "--filter-only", ...listen], "mean nothing with --filter-only"],
    [[...extProc, "--filter-only", "--workers", "2"], "mean nothing with --filter-only"],
    [[...extProc, ...listen, "--workers", "0"], "at least one"],
    [[...extProc, ...listen, "--workers", "many"], "whole number"],
    [[...extProc, "--listen", "example.com:80"], "Envoy listens on addresses"],
    [[...extProc, "--listen", "80"], "is no HOST:PORT"],
    [[...extProc, ...listen, "--admin", "0.0.0.0:9901"], "no loopback address"],
    [[...extProc, ...listen, "--upstream", "a:0"], "upstream: "],
    [[...extProc, ...listen, "--directions", "up"], "--directions"],
    [[...extProc, ...listen, "--deadline", "none"], "deadline"],
    [[...extProc, ...listen, "--memory", "much"], "memory: "],
    [[...extProc, ...listen, "--counter", "Not this"], "counters: "],
    [[...extProc, ...listen, "--placement", "thread"], "placement: means something in process only"],
    [[...extProc, ...listen, "--warm", "2", "--machines", "1"], "warm: "],
    [[...extProc, ...listen, "word"], "too many arguments"],
    [[...extProc, ...listen, "--", "word"], "only `twinwall run`"],
  ])("%j is told on one line, with status 2", async (words, text) => {
    const { status, stderr } = await wrong(["envoy", "config", ...words]);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
  });

  it("a module, or a folder for the output, that is not there", async () => {
    const missing = await config("--in-process", "--module", "/nowhere/x.cwasm", ...listen);
    expect(missing).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/E_NO_FILE: .*no such file\n$/) as string,
    });
    const folder = await config(...extProc, ...listen, "-o", "/nowhere/envoy.yaml");
    expect(folder).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/E_NO_FILE: \/nowhere/) as string,
    });
  });
});
