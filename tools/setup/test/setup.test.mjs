import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isPresent, matchesPath } from "../src/debian.mjs";
import { debianPackages } from "../src/debian-packages.mjs";
import { findProgram, toolEnvironment } from "../src/environment.mjs";
import { isNodeNewEnough } from "../src/node.mjs";
import { root, toolsDirectory } from "../src/paths.mjs";
import { hashFiles, pinnedVersion } from "../src/pnpm.mjs";
import { problemLine } from "../src/problem.mjs";
import { capture } from "../src/run.mjs";
import { parseToolchain } from "../src/rust.mjs";

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "twinwall-setup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.each([
  ["v20.19.0", true],
  ["v22.0.0", true],
  ["v20.18.3", false],
  ["v18.20.0", false],
])("Node %s is new enough: %s", (version, expected) => {
  expect(isNodeNewEnough(version)).toBe(expected);
});

describe("pnpm", () => {
  test("reads the pin of this repository, and refuses a loose one", () => {
    expect(pinnedVersion(readFileSync(join(root, "package.json"), "utf8"))).toMatch(/^10\.\d+\.\d+$/);
    expect(() => pinnedVersion('{"packageManager":"pnpm@10"}')).toThrow("pnpm@10");
  });

  test("the stamp changes with any file's content", () => {
    const folder = temporaryFolder();
    const [first, second] = [join(folder, "a"), join(folder, "b")];
    writeFileSync(first, "1");
    writeFileSync(second, "2");
    const before = hashFiles([first, second]);
    expect(hashFiles([first, second])).toBe(before);
    writeFileSync(second, "3");
    expect(hashFiles([first, second])).not.toBe(before);
  });
});

describe("Rust", () => {
  test("reads channel, components and targets", () => {
    const text = '[toolchain]\nchannel = "1.95.0"\ncomponents = ["clippy"]\ntargets = ["a", "b"]\n';
    expect(parseToolchain(text)).toEqual({ channel: "1.95.0", components: ["clippy"], targets: ["a", "b"] });
    expect(() => parseToolchain("[toolchain]")).toThrow("no channel");
  });

  test("this repository asks for both WebAssembly targets", () => {
    const { targets } = parseToolchain(readFileSync(join(root, "rust-toolchain.toml"), "utf8"));
    expect(targets).toEqual(expect.arrayContaining(["wasm32-unknown-unknown", "wasm32-wasip1"]));
  });
});

describe("environment", () => {
  test("puts the tools of this clone first and drops npm's description of its script", () => {
    const environment = toolEnvironment({
      PATH: "/usr/bin",
      npm_lifecycle_event: "start",
      npm_config_registry: "r",
    });
    expect(environment["PATH"]?.split(delimiter)[0]).toBe(join(toolsDirectory, "node_modules/.bin"));
    expect(environment["PATH"]).toContain("/usr/bin");
    expect(environment).not.toHaveProperty("npm_lifecycle_event");
    expect(environment["npm_config_registry"]).toBe("r");
  });

  test("finds a program on a path, and says so when there is none", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "tool"), "#!/bin/sh\n");
    chmodSync(join(folder, "tool"), 0o755);
    expect(findProgram("tool", `/nowhere${delimiter}${folder}`)).toBe(join(folder, "tool"));
    expect(findProgram("tool", "/nowhere")).toBeUndefined();
  });
});

describe("Debian packages", () => {
  test("each has a name, a probe and a reason", () => {
    for (const entry of debianPackages) {
      expect(entry.names.length, entry.reason).toBeGreaterThan(0);
      expect(entry.probes.length, entry.reason).toBeGreaterThan(0);
      expect(entry.reason).not.toBe("");
    }
  });

  test("a pattern matches one name per star", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "llvm-14/lib"), { recursive: true });
    expect(matchesPath(`${folder}/llvm-*/lib`)).toBe(true);
    expect(matchesPath(`${folder}/*/li*`)).toBe(true);
    expect(matchesPath(`${folder}/llvm-*/bin`)).toBe(false);
    expect(matchesPath(`${folder}/*`.replace("llvm", "gcc"))).toBe(true);
    expect(matchesPath(`${folder}/gcc-*`)).toBe(false);
  });

  test("is present by any probe, absent by none", () => {
    const entry = { ...debianPackages[0], names: ["x"], commands: [], required: false, reason: "r" };
    expect(isPresent({ ...entry, probes: ["no-such-program", "sh"] })).toBe(true);
    expect(isPresent({ ...entry, probes: ["no-such-program", "/no/such/*/file"] })).toBe(false);
  });
});

test("a problem is one line that says what, why and what to type", () => {
  expect(problemLine({ what: "clang", why: "compiles C", type: "apt-get install clang" })).toBe(
    "missing: clang - compiles C - type: apt-get install clang",
  );
});

test("a program that cannot be started counts as failed", () => {
  expect(capture("no-such-program", []).status).toBe(1);
  expect(capture("sh", ["-c", "echo out; exit 3"])).toMatchObject({ status: 3, stdout: "out\n" });
});
