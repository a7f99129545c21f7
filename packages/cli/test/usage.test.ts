import { describe, expect, it } from "vitest";
import { twinwall } from "./support/cli.js";

describe("a wrong command line", () => {
  it.each([
    [["fly"], "unknown command 'fly'"],
    [[], "name a command"],
    [["run"], "missing required argument 'module'"],
    [["run", "x.wasm", "y"], "too many arguments"],
    [["run", "x.wasm", "--machine", "abacus"], "abacus"],
    [["run", "x.wasm", "--fuel", "much"], "--fuel"],
    [["run", "x.wasm", "--env", "novalue"], "KEY=VALUE"],
    [["run", "x.wasm", "--dat", "x"], "unknown option '--dat'"],
    [["run", "x.wasm", "--data", "x"], "need --call"],
    [["run", "x.wasm", "--call", "f", "--data", "x", "--args", "[]"], "do not go together"],
    [["run", "x.wasm", "--call", "f", "--args", "{}"], "JSON array"],
    [["run", "x.wasm", "--call", "f", "--", "word"], "WASI command"],
    [["compile", "x.wasm", "--machine", "kvm"], "--output"],
    [["compile", "x.wasm", "-o", "x.cwasm"], "--machine"],
    [["doctor", "--", "word"], "only `twinwall run`"],
  ])("%j is told on one line, with status 2", async (words, text) => {
    const { status, stdout, stderr } = await twinwall(words);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toHaveLength(0);
    expect(status).toBe(2);
  });

  it("names where the machine was chosen", async () => {
    const env = { TWINWALL_MACHINE: "xen" };
    const { status, stderr } = await twinwall(["run", new URL(import.meta.url).pathname], { env });
    expect(stderr).toMatch(/^twinwall: E_OPTION: TWINWALL_MACHINE: "xen" is no machine[^\n]*\n$/);
    expect(status).toBe(2);
    const given = await twinwall(["run", "x.wasm", "--machine", "xen"]);
    expect(given.stderr).toMatch(/^twinwall: [^\n]*--machine[^\n]*xen[^\n]*\n$/);
    expect(given.status).toBe(2);
  });

  it("shows a stack only with --debug", async () => {
    const { stderr } = await twinwall(["run", "x.wasm", "--data", "x", "--debug"]);
    expect(stderr).toMatch(/\n {4}at /);
  });
});

describe("what is always there", () => {
  it("prints help and version on stdout", async () => {
    const help = await twinwall(["run", "--help"]);
    expect(help.status).toBe(0);
    for (const option of [
      "--call",
      "--data",
      "--args",
      "--machine",
      "--memory",
      "--deadline",
      "--fuel",
      "--dir",
      "--env",
    ]) {
      expect(help.stdout.toString()).toContain(option);
    }
    const version = await twinwall(["--version"]);
    expect(version).toMatchObject({ status: 0, stderr: "" });
    expect(version.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("a file that cannot be read", () => {
  it.each([
    [["run", "/nowhere/at-all.wasm"], "no such file"],
    [["run", "/"], "a directory"],
    [["inspect", "/nowhere/at-all.wasm"], "no such file"],
    [["compile", "/nowhere/at-all.wasm", "-o", "/tmp/x.cwasm", "--machine", "kvm"], "no such file"],
  ])("%j is E_NO_FILE with status 3", async (words, reason) => {
    const { status, stderr } = await twinwall(words);
    expect(stderr).toMatch(/^twinwall: E_NO_FILE: \//);
    expect(stderr).toContain(reason);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(3);
  });

  it("is an object with --json", async () => {
    const { status, stdout, stderr } = await twinwall(["run", "/nowhere.wasm", "--json"]);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      ok: false,
      machine: null,
      error: { code: "E_NO_FILE", backtrace: [] },
      stats: null,
    });
    expect({ status, stderr }).toEqual({ status: 3, stderr: "" });
  });
});
