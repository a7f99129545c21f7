// The readers in Rust are tested by `cargo test`, in the crates that have them; here the tests get more cases.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findings, root } from "./files.js";
import type { Result } from "./run.js";

/** A test program that runs targets, and its targets. */
interface Program {
  readonly arguments: readonly string[];
  readonly targets: readonly string[];
}

/** The programs; each target's name begins with its crate. */
export const programs: readonly Program[] = [
  {
    arguments: ["-p", "twinwall-abi", "--test", "fuzz"],
    targets: [
      "abi-outbox",
      "abi-batch",
      "abi-connection",
      "abi-values",
      "abi-artifact",
      "abi-boot",
      "abi-command",
    ],
  },
  {
    arguments: ["-p", "twinwall-vmm-kvm", "--lib", "tests::fuzz"],
    targets: ["kvm-image", "kvm-report", "kvm-state"],
  },
];

/** How long a program may take: its build, and ten thousand cases a second. */
const buildMinutes = 30;

/** Runs a program's targets; what it says of each. */
export function runProgram(
  program: Program,
  wanted: readonly string[],
  cases: number,
  seed: number,
): Result[] {
  const { status, stdout, stderr, error } = spawnSync(
    "cargo",
    ["test", "--locked", "--quiet", ...program.arguments, "--", "--nocapture", "--test-threads=1"],
    {
      cwd: fileURLToPath(root),
      encoding: "utf8",
      timeout: buildMinutes * 60_000 + cases,
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        TWINWALL_FUZZ_CASES: String(cases),
        TWINWALL_FUZZ_SEED: String(seed),
        TWINWALL_FUZZ_FINDINGS: fileURLToPath(findings),
        TWINWALL_FUZZ_TARGETS: wanted.join(","),
      },
    },
  );
  const results = parseResults(stdout ?? "");
  const said = new Set(results.map(({ target }) => target));
  const silent = wanted.filter((name) => !said.has(name));
  // A program that ended early has found something too, or could not be built.
  const last = (error?.message ?? stderr ?? "").trim().split("\n").slice(-3).join(" ");
  const failed = status !== 0 && results.every(({ finding }) => finding === undefined);
  const missing = failed || silent.length > 0 ? (silent.length > 0 ? silent : wanted) : [];
  return [
    ...results,
    ...missing.map((target) => ({
      target,
      cases: 0,
      read: 0,
      refused: 0,
      seconds: 0,
      finding: `its program ended with ${status} and no result: ${last}`,
    })),
  ];
}

/** Reads lines `fuzz TARGET READ REFUSED SECONDS [FINDING]`, separated by tabs. */
export function parseResults(text: string): Result[] {
  return [...text.matchAll(/fuzz\t([^\t\n]+)\t(\d+)\t(\d+)\t([\d.]+)(?:\t(.*))?$/gm)].map(
    ([, target, read, refused, seconds, finding]) => ({
      target: String(target),
      cases: Number(read) + Number(refused),
      read: Number(read),
      refused: Number(refused),
      seconds: Number(seconds),
      finding,
    }),
  );
}
