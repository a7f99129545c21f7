import { existsSync, readFileSync } from "node:fs";
import { type MachineName, Sandbox } from "@twinwall/sandbox";

/** A command-line program that somebody else wrote, and what it is given here. */
interface Demonstration {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

const BUILT = new URL("../../../tools/programs/artifacts/", import.meta.url);

const DEMONSTRATIONS: readonly Demonstration[] = [
  {
    name: "ripgrep",
    args: ["--no-config", "-n", "wall", "-"],
    stdin: "one machine\ntwo walls\na wallet\nthe end\n",
  },
  { name: "coreutils", args: ["sha256sum"], stdin: "twinwall\n" },
  { name: "jaq", args: ["-c", ".walls | map(.name)"], stdin: '{"walls":[{"name":"kvm"},{"name":"wasm"}]}\n' },
  { name: "pulldown-cmark", args: [], stdin: "# Twinwall\n\n*Two* walls.\n" },
  { name: "quickjs", args: ["-e", "console.log([3, 1, 2].sort().join(), 2 ** 10)"], stdin: "" },
];

/** Runs the programs that have been built, unmodified, each in a machine of its own, and returns what each wrote. */
export async function runPrograms(machine: MachineName): Promise<string[]> {
  const reports: string[] = [];
  for (const demonstration of DEMONSTRATIONS) {
    const file = new URL(`${demonstration.name}.wasm`, BUILT);
    if (existsSync(file)) reports.push(await runProgram(demonstration, readFileSync(file), machine));
  }
  return reports;
}

async function runProgram(
  { name, args, stdin }: Demonstration,
  module: Uint8Array,
  machine: MachineName,
): Promise<string> {
  using sandbox = await Sandbox.create({ module, machine, limits: { deadline: "10s" } });
  const start = performance.now();
  const { exitCode, stdout, stderr } = await sandbox.run({ name, args, stdin });
  const time = (performance.now() - start).toFixed(1);
  const output = Buffer.concat([stdout, stderr]).toString().trimEnd();
  return [
    `$ ${name} ${args.join(" ")}   (exit ${exitCode}, ${time} ms)`,
    ...output.split("\n").map((line) => `  ${line}`),
  ].join("\n");
}
