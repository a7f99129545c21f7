import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { isStaticProgram, moduleDependencies } from "../src/elf.mjs";
import { initScript } from "../src/guest.mjs";
import { resultsOf } from "../src/report.mjs";
import { executables } from "../src/test-binaries.mjs";

test("init quotes arguments so that the shell passes them on unchanged", () => {
  const argument = `it's "a" $HOME \\ *`;
  const script = initScript(["kvm"], [{ title: "", content: new Uint8Array(), args: [argument] }], true, 600);
  const line = script.split("\n").find((text) => text.startsWith("/programs/0 ")) ?? "";
  expect(execFileSync("sh", ["-c", line.replace("/programs/0", "printf %s")], { encoding: "utf8" })).toBe(
    argument,
  );
  expect(script).toContain("export TWINWALL_IMAGE_DIR=/images");
});

test("the program that runs this test needs a dynamic linker, a text file is no program", () => {
  expect(isStaticProgram(Buffer.from("#!/bin/sh\n"))).toBe(false);
  expect(isStaticProgram(Buffer.alloc(64))).toBe(false);
});

test("dependencies of a kernel module come from its .modinfo", () => {
  expect(moduleDependencies(Buffer.from("x\0license=GPL\0depends=kvm,ccp\0name=kvm_amd\0"))).toEqual([
    "kvm",
    "ccp",
  ]);
  expect(moduleDependencies(Buffer.from("\0depends=\0name=irqbypass\0"))).toEqual([]);
});

test("executables are taken from Cargo's messages, tests and others", () => {
  const artifact = (/** @type {boolean} */ isTest, /** @type {string | null} */ executable) =>
    JSON.stringify({
      reason: "compiler-artifact",
      profile: { test: isTest },
      target: { src_path: "/r/src/lib.rs" },
      executable,
    });
  const messages = [
    artifact(false, null),
    artifact(true, "/r/t/core-1"),
    artifact(false, "/r/t/worker"),
    '{"reason":"build-finished"}',
    "",
  ].join("\n");
  expect(executables(messages)).toEqual([
    { source: "/r/src/lib.rs", executable: "/r/t/core-1", isTest: true },
    { source: "/r/src/lib.rs", executable: "/r/t/worker", isTest: false },
  ]);
});

test("a suite that stops in the middle is a failure, and so is a machine that never ran one", () => {
  const running = "     Running src/lib.rs (target/core-0123456789abcdef)\n\nrunning 2 tests\n";
  const tests = resultsOf(`${running}test a ... ok\ntest b ... `, ["the machine stopped"]);
  expect(tests.map(({ state }) => state)).toEqual(["passed", "failed"]);
  expect(resultsOf("", ["the machine stopped"])).toMatchObject([
    { state: "failed", detail: "the machine stopped" },
  ]);
});
