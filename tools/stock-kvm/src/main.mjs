// Runs the tests of the VMM core and its worker processes, or any static program, on the KVM of a stock Linux kernel inside QEMU.
import { existsSync, readFileSync } from "node:fs";
import { isStaticProgram } from "./elf.mjs";
import { packGuest } from "./guest.mjs";
import { bootMachine } from "./machine.mjs";
import { parseOptions, usage } from "./options.mjs";
import { imageDirectories } from "./paths.mjs";
import { MissingPart, UsageError } from "./problem.mjs";
import { broken, conclude, resultsOf, skipped } from "./report.mjs";
import { findParts } from "./requirements.mjs";
import { buildTests } from "./test-binaries.mjs";

/** @typedef {import("./guest.mjs").GuestProgram} GuestProgram */
/** @typedef {import("./guest.mjs").Programs} Programs */
/** @typedef {import("./options.mjs").Options} Options */

/**
 * @param {Options} options
 * @returns {Promise<number>} exit status
 */
async function runTests(options) {
  let parts;
  try {
    parts = findParts();
  } catch (error) {
    if (error instanceof MissingPart) return conclude(skipped(error.message));
    throw error;
  }
  const built = buildTests(options.filters);
  if (!built) return conclude(broken("the tests of the VMM core do not build"));
  let text = "";
  const { problems } = await boot(parts, built, options.deadlineSeconds, (line) => {
    text += `${line}\n`;
    console.log(line);
  });
  return conclude(resultsOf(text, problems));
}

/**
 * @param {{ file: string, args: string[] }} program
 * @param {number} deadlineSeconds
 * @returns {Promise<number>} the program's own exit status, or 1
 */
async function runProgram({ file, args }, deadlineSeconds) {
  if (!existsSync(file)) throw new UsageError(`${file} does not exist`);
  const content = readFileSync(file);
  if (!isStaticProgram(content)) throw new UsageError(`${file} is not a statically linked x86-64 program`);
  const programs = [{ title: `${file}:`, content, args }];
  const { problems, statuses } = await boot(
    findParts(),
    { programs, files: [] },
    deadlineSeconds,
    console.log,
  );
  for (const problem of problems) console.error(`stock-kvm: ${problem}`);
  return statuses.get(0) ?? 1;
}

/**
 * @param {import("./requirements.mjs").Parts} parts
 * @param {Programs} contents
 * @param {number} deadlineSeconds
 * @param {(line: string) => void} print
 */
async function boot(parts, contents, deadlineSeconds, print) {
  const { programs } = contents;
  const images = imageDirectories.find((directory) => existsSync(directory));
  if (!images) console.log("stock-kvm: no guest images are built; tests that need them are skipped");
  console.log(`stock-kvm: booting ${parts.kernel} in QEMU`);
  const archive = packGuest(parts, contents, images, deadlineSeconds);
  const end = await bootMachine(parts, archive, deadlineSeconds, {
    ready: (release) => console.log(`stock-kvm: Linux ${release} is up, with kvm_amd`),
    start: (index) => print(programs[index]?.title ?? ""),
    line: print,
  });
  return { problems: problemsOf(end, programs, deadlineSeconds), statuses: end.outcome.statuses };
}

/**
 * @param {import("./machine.mjs").MachineEnd} end
 * @param {GuestProgram[]} programs
 * @param {number} deadlineSeconds
 * @returns {string[]}
 */
function problemsOf({ outcome, expired, errors }, programs, deadlineSeconds) {
  if (outcome.withoutKvm) return [`the kernel offers no /dev/kvm: ${outcome.boot.join(" | ")}`];
  const failed = programs.flatMap(({ title }, index) => {
    const status = outcome.statuses.get(index);
    return status === undefined || status === 0 ? [] : [`${title.trim()} ended with status ${status}`];
  });
  if (expired) failed.push(`not done after ${deadlineSeconds} s, machine killed`);
  else if (!outcome.finished) {
    const last =
      outcome.statuses.size === 0 ? `: ${[...outcome.boot.slice(-5), errors.trim()].join(" | ")}` : "";
    failed.push(`the machine stopped before the programs were done${last}`);
  }
  return failed;
}

try {
  const options = parseOptions(process.argv.slice(2));
  process.exitCode = options.program
    ? await runProgram(options.program, options.deadlineSeconds)
    : await runTests(options);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof MissingPart)) throw error;
  console.error(`stock-kvm: ${error.message}`);
  if (error instanceof UsageError) console.error(usage);
  process.exitCode = 2;
}
