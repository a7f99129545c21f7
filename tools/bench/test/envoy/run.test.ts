import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyProblem } from "@twinwall/tool-envoy";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { missingParts, pathProblem } from "../../src/envoy/parts.js";
import { PATH_NAMES } from "../../src/envoy/paths.js";
import type { EnvoyEchoResult } from "../../src/envoy/report.js";
import { runEnvoyEchoBench } from "../../src/envoy/run.js";

describe("runEnvoyEchoBench", () => {
  let folder: string;
  let stdout: string;
  let stderr: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "twinwall-bench-test-"));
    stdout = "";
    stderr = "";
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      stdout += String(text);
      return true;
    });
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      stderr += String(text);
      return true;
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it("measures every path whose parts are here, and says what the others lack", async (context) => {
    context.skip(envoyProblem() !== undefined, envoyProblem());
    const [json, svg, markdown] = ["out.json", "out.svg", "out.md"].map((name) => join(folder, name));
    const files = ["--json", json, "--svg", svg, "--markdown", markdown].map(String);
    const status = await runEnvoyEchoBench(["--quick", ...files]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.not.stringContaining("bench envoy-echo:"),
    });
    const result = JSON.parse(readFileSync(String(json), "utf8")) as EnvoyEchoResult;
    const parts = missingParts();
    const left = PATH_NAMES.filter((path) => pathProblem(path, parts) !== undefined);
    expect(result.missing.map(({ path }) => path)).toEqual(left);
    const measured = [...new Set(result.figures.map(({ path }) => path))];
    expect(measured).toEqual(PATH_NAMES.filter((path) => !left.includes(path)));
    expect(stdout).toContain("Envoy 1.");
    // One of them is the picture's own.
    expect(readFileSync(String(svg), "utf8").match(/<title>/g)).toHaveLength(result.figures.length + 1);
    expect(readFileSync(String(markdown), "utf8")).toContain("## All figures");
  });

  it("shows how it is used", async () => {
    expect(await runEnvoyEchoBench(["--help"])).toBe(0);
    expect(stdout).toMatch(/^usage: twinwall bench envoy-echo /);
  });

  it("tells a wrong command line in one line", async () => {
    expect(await runEnvoyEchoBench(["--paths", "quic"])).toBe(2);
    expect(stderr).toMatch(/^bench envoy-echo: --paths: there is no "quic"; [^\n]+\n$/);
    expect(stdout).toBe("");
  });
});
