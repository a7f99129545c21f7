import { describe, expect, test } from "vitest";
import * as installScripts from "../src/rules/install-scripts.mjs";
import { check as checkManifests, manifestViolations, privateDependencies } from "../src/rules/manifests.mjs";
import { taskViolations } from "../src/rules/turbo-rust.mjs";
import { temporaryRepository } from "./temporary.mjs";

const good = {
  name: "@twinwall/abi",
  description: "What it is",
  license: "Apache-2.0",
  repository: { directory: "packages/abi" },
  type: "module",
  sideEffects: false,
  engines: { node: ">=20.19" },
  exports: { ".": "./dist/index.js" },
  files: ["dist"],
  publishConfig: { access: "public" },
};

describe("manifests", () => {
  test("accepts a complete manifest", () => {
    expect(manifestViolations("packages/abi", good)).toEqual([]);
  });

  test("names what is missing or different", () => {
    const { files: _files, ...rest } = good;
    const found = manifestViolations("packages/abi", { ...rest, license: "MIT", engines: {} });
    expect(found).toEqual([
      expect.stringContaining("license"),
      expect.stringContaining("engines.node"),
      expect.stringContaining("files is missing"),
    ]);
  });

  test("refuses exports that open every file, and packages of the workspace by version", () => {
    const exports = { ".": "./dist/index.js", "./*": "./dist/*" };
    const dependencies = { "@twinwall/vmm": "^1.0.0", "@twinwall/runtime": "workspace:*" };
    const found = manifestViolations("packages/abi", { ...good, exports, dependencies });
    expect(found).toEqual([expect.stringContaining('"./*"'), expect.stringContaining("@twinwall/vmm")]);
  });

  test("lets tests alone use what is not published", () => {
    const published = new Set(["@twinwall/abi"]);
    const dependencies = {
      "@twinwall/abi": "workspace:*",
      "@twinwall/programs": "workspace:*",
      flatbuffers: "1",
    };
    expect(privateDependencies("packages/abi", { dependencies }, published)).toEqual([
      expect.stringContaining("@twinwall/programs"),
    ]);
    expect(privateDependencies("packages/abi", { devDependencies: dependencies }, published)).toEqual([]);
  });

  test("asks for a README and one layer tag, and leaves private packages alone", () => {
    const context = temporaryRepository({
      "packages/abi/package.json": good,
      "packages/abi/turbo.json": '{\n  // comment\n  "tags": ["layer-0", "layer-1"]\n}',
      "tools/x/package.json": { name: "x", private: true },
    });
    expect(checkManifests(context)).toEqual([
      expect.stringContaining("README.md"),
      expect.stringContaining("one tag layer-N"),
    ]);
  });
});

describe("install-scripts", () => {
  test("accepts packages without them", () => {
    const context = temporaryRepository({
      "packages/a/package.json": { scripts: { build: "x" }, dependencies: { b: "1" } },
      "packages/a/node_modules/b/package.json": { scripts: { test: "x", prepare: "x" } },
    });
    expect(installScripts.check(context)).toEqual([]);
  });

  test("finds them in the package and below it", () => {
    const context = temporaryRepository({
      "packages/a/package.json": { scripts: { postinstall: "x" }, dependencies: { b: "1" } },
      "packages/a/node_modules/b/package.json": { dependencies: { c: "1" } },
      "packages/a/node_modules/c/package.json": { scripts: { install: "node-gyp rebuild" } },
      "packages/a/node_modules/c/binding.gyp": "{}",
    });
    expect(installScripts.check(context)).toEqual([
      'packages/a: has a script "postinstall"',
      'packages/a > b > c: has a script "install"',
      expect.stringContaining("binding.gyp"),
    ]);
  });

  test("does not pass when a dependency cannot be looked at", () => {
    const context = temporaryRepository({ "packages/a/package.json": { dependencies: { gone: "1" } } });
    expect(installScripts.check(context)).toEqual(["packages/a > gone: not installed"]);
  });
});

describe("turbo-rust", () => {
  const inputs = [
    "rust/**",
    "$TURBO_ROOT$/Cargo.toml",
    "$TURBO_ROOT$/Cargo.lock",
    "$TURBO_ROOT$/rust-toolchain.toml",
  ];

  test("accepts full inputs and outputs, and what is not cached", () => {
    expect(taskViolations("packages/a", { inputs, outputs: ["artifacts/**"] }, true)).toEqual([]);
    expect(taskViolations("packages/a", { cache: false }, true)).toEqual([]);
  });

  test("names a missing input and missing outputs", () => {
    const found = taskViolations(
      "packages/a",
      { inputs: inputs.filter((input) => !input.endsWith("lock")) },
      true,
    );
    expect(found).toEqual([expect.stringContaining("Cargo.lock"), expect.stringContaining("no outputs")]);
    expect(taskViolations("packages/a", undefined, true)).toHaveLength(4);
  });

  test("asks for the toolchain alone where crates have a workspace of their own", () => {
    const outputs = ["artifacts/**"];
    expect(
      taskViolations("apps/a", { inputs: ["$TURBO_ROOT$/rust-toolchain.toml"], outputs }, false),
    ).toEqual([]);
    expect(taskViolations("apps/a", { inputs: ["guest/**"], outputs }, false)).toHaveLength(1);
  });
});
