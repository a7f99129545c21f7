import { expect, it } from "vitest";
import { splitLockDanger } from "../src/split-locks.js";

const processor = "processor\t: 0\nflags\t\t: fpu split_lock_detect sse2\n";
const commandLine = "quiet root=/dev/vda";

it.each([
  ["a processor that does not tell", { processor: "flags\t: fpu sse2\n" }, "none"],
  ["a longer name", { processor: "flags\t: split_lock_detect_other\n" }, "none"],
  ["the kernel's default", {}, "slow"],
  ["a kernel that only warns", { mitigation: "0\n" }, "none"],
  ["a kernel before the mitigation", { mitigation: "" }, "none"],
  ["detection that is off", { commandLine: `${commandLine} split_lock_detect=off` }, "none"],
  ["detection that is fatal", { commandLine: `split_lock_detect=fatal ${commandLine}` }, "fatal"],
  ["a limit on their rate", { commandLine: `split_lock_detect=ratelimit:10 ${commandLine}` }, "none"],
] as const)("split locks on %s", (_, changes, danger) => {
  expect(splitLockDanger({ processor, commandLine, mitigation: "1\n", ...changes })).toBe(danger);
});
