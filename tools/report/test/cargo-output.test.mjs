import { describe, expect, test } from "vitest";
import { parseCargoOutput } from "../src/cargo-output.mjs";

const unit = "     Running unittests src/lib.rs (target/debug/deps/twinwall_abi-0123456789abcdef)";

describe("parseCargoOutput", () => {
  test("reads outcomes, reasons and suites", () => {
    const text = `   Compiling twinwall-abi v0.1.0
${unit}

running 4 tests
test header::rejects_short - should panic ... ok
test header::reads ... ok
test limits::parses ... FAILED
test kvm::opens ... ignored, needs /dev/kvm

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests twinwall_abi

running 1 test
test packages/abi/rust/src/lib.rs - Header (line 12) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s
`;
    expect(parseCargoOutput(text)).toEqual([
      { name: "twinwall_abi src/lib.rs: header::rejects_short", state: "passed" },
      { name: "twinwall_abi src/lib.rs: header::reads", state: "passed" },
      { name: "twinwall_abi src/lib.rs: limits::parses", state: "failed" },
      { name: "twinwall_abi src/lib.rs: kvm::opens", state: "skipped", detail: "needs /dev/kvm" },
      {
        name: "twinwall_abi documentation: packages/abi/rust/src/lib.rs - Header (line 12)",
        state: "passed",
      },
    ]);
  });

  test("a test that says that it skipped itself is skipped, and no other test is", () => {
    const text = `${unit}
running 2 tests
test gate::exact ... ok
test gate::other ... ok

successes:

---- gate::exact stdout ----
skipped: no /dev/kvm on this machine

---- gate::other stdout ----
12 pages were skipped: fine

test result: ok. 2 passed; 0 failed; 0 ignored
`;
    expect(parseCargoOutput(text)).toEqual([
      {
        name: "twinwall_abi src/lib.rs: gate::exact",
        state: "skipped",
        detail: "no /dev/kvm on this machine",
      },
      { name: "twinwall_abi src/lib.rs: gate::other", state: "passed" },
    ]);
  });

  test("a failed test does not become a skipped one by what it prints", () => {
    const text = `${unit}
running 1 test
test a ... FAILED

failures:

---- a stdout ----
skipped: never

test result: FAILED. 0 passed; 1 failed
`;
    expect(parseCargoOutput(text)).toEqual([{ name: "twinwall_abi src/lib.rs: a", state: "failed" }]);
  });

  test("a failed test tells what it printed from its panic on", () => {
    const text = `${unit}
running 2 tests
test a ... FAILED
test b ... FAILED

failures:

---- a stdout ----
as much as it likes

thread 'a' (7) panicked at src/lib.rs:3:5:
one is not two
note: run with RUST_BACKTRACE=1

---- b stdout ----
Error: "no panic"

failures:
    a
    b

test result: FAILED. 0 passed; 2 failed
`;
    const [a, b] = parseCargoOutput(text);
    expect(a?.detail?.trim()).toBe(
      "thread 'a' (7) panicked at src/lib.rs:3:5:\none is not two\nnote: run with RUST_BACKTRACE=1",
    );
    expect(b).toEqual({ name: "twinwall_abi src/lib.rs: b", state: "failed" });
  });

  test("a suite that died counts as a failure", () => {
    const text = `${unit}\nrunning 2 tests\ntest a ... ok\nerror: test failed (signal: 11, SIGSEGV)\n`;
    expect(parseCargoOutput(text)).toEqual([
      { name: "twinwall_abi src/lib.rs: a", state: "passed" },
      { name: "twinwall_abi src/lib.rs (did not finish)", state: "failed" },
    ]);
  });

  test("lines outside of a suite are not tests", () => {
    expect(parseCargoOutput("test a ... ok\nwarning: x\n")).toEqual([]);
  });
});
