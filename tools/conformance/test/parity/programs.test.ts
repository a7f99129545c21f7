import { programNames, programPath, programProblem, programVectors } from "@twinwall/programs";
import { type MachineName, Sandbox } from "@twinwall/sandbox";
import { describe, expect, test } from "vitest";
import { noKvm } from "../machine.js";

/** The same random numbers on both: hash tables are laid out by them. */
const seed = new Uint8Array(32).fill(9);

/** More than any vector needs; what counts is that it is counted. */
const limits = { memory: "64MiB", deadline: "60s", fuel: 100_000_000_000 } as const;

/** A program's first vector on a machine: what it writes, and what it burns. */
async function run(name: string, machine: MachineName) {
  const vector = programVectors(name)[0];
  if (vector === undefined) throw new Error(`${name} has no vectors`);
  const { files, env, stdin } = vector;
  const [own = name, ...args] = vector.args;
  const sandbox = await Sandbox.create({ module: programPath(name), machine, files, limits, seed });
  try {
    const { exitCode, stdout, stderr } = await sandbox.run({ name: own, args, env, stdin });
    const { fuel, memoryBytes } = sandbox.stats();
    return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), fuel, memoryBytes };
  } finally {
    sandbox.close();
  }
}

describe("third-party programs on kvm and soft", () => {
  for (const name of programNames()) {
    test(`${name} writes and burns the same`, async ({ skip }) => {
      const problem = noKvm ?? programProblem(name);
      skip(problem !== undefined, problem);
      const soft = await run(name, "soft");
      expect(soft.fuel).toBeGreaterThan(10_000n);
      expect(soft).toEqual(await run(name, "kvm"));
    });
  }
});
