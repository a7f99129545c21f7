import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { twinwall, wrong } from "./support/cli.js";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** This package as it lies in a folder of its own, beside nothing, or beside a bench with these contents. */
function copyOfPackage(bench?: { manifest: string; entry?: string }): string {
  const root = mkdtempSync(join(tmpdir(), "twinwall-clone-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const copy = join(root, "packages/cli");
  mkdirSync(copy, { recursive: true });
  for (const name of ["dist", "package.json"])
    cpSync(join(PACKAGE, name), join(copy, name), { recursive: true });
  symlinkSync(join(PACKAGE, "node_modules"), join(copy, "node_modules"));
  if (bench !== undefined) {
    mkdirSync(join(root, "tools/bench/dist"), { recursive: true });
    writeFileSync(join(root, "tools/bench/package.json"), bench.manifest);
    if (bench.entry !== undefined) writeFileSync(join(root, "tools/bench/dist/envoy-echo.js"), bench.entry);
  }
  return join(copy, "dist/main.js");
}

const manifest = JSON.stringify({ name: "@twinwall/tool-bench", type: "module" });

describe("twinwall bench envoy-echo", () => {
  it("says where benchmarks are to be had when it is installed alone", async () => {
    for (const main of [copyOfPackage(), copyOfPackage({ manifest: '{"name":"other"}', entry: "throw 1" })]) {
      const { status, stdout, stderr } = await twinwall(["bench", "envoy-echo"], { main });
      expect(stderr).toMatch(/^twinwall: E_UNSUPPORTED: benchmarks are part of the repository[^\n]*\n$/);
      expect(stdout).toHaveLength(0);
      expect(status).toBe(3);
    }
  });

  it("says what to do when the clone's bench is not built", async () => {
    const { status, stderr } = await twinwall(["bench", "envoy-echo"], { main: copyOfPackage({ manifest }) });
    expect(stderr).toMatch(/^twinwall: E_UNSUPPORTED: [^\n]*not built[^\n]*\n$/);
    expect(status).toBe(3);
  });

  it("hands its options to the clone's bench, and returns its exit status", async () => {
    const entry =
      "export const runEnvoyEchoBench = async (words) => { console.log(JSON.stringify(words)); return 1; };";
    const words = ["--json", "a b", "--quick", "--paths", "x,y"];
    const { status, stdout } = await twinwall(["bench", "envoy-echo", ...words], {
      main: copyOfPackage({ manifest, entry }),
    });
    expect((JSON.parse(stdout.toString()) as string[]).sort()).toEqual([...words].sort());
    expect(status).toBe(1);
  });

  it.each([
    [["bench"], "name a command"],
    [["bench", "echoes"], "unknown command 'echoes'"],
    [["bench", "envoy-echo", "--fast"], "unknown option '--fast'"],
    [["bench", "envoy-echo", "--json"], "argument missing"],
  ])("%j is told on one line, with status 2", async (words, text) => {
    const { status, stderr } = await wrong(words);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
  });
});
