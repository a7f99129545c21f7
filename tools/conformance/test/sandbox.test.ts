import { programNames, programPath, programProblem, programVectors } from "@twinwall/programs";
import { Sandbox } from "@twinwall/sandbox";
import { describe, expect, test } from "vitest";
import { expectOutcome } from "./expectation.js";
import { machines } from "./machine.js";

const limits = { memory: "64MiB", deadline: "10s" } as const;

const runs = programNames().flatMap((name) =>
  machines.map(({ machine, missing }) => [name, machine, missing] as const),
);

/** Runs that follow each other: an interpreter gets fewer of them. */
const ROUNDS = { kvm: 20, soft: 3 } as const;

describe.each(runs)("%s by Sandbox.run on %s", (name, machine, missing) => {
  const problem = missing ?? programProblem(name);

  for (const vector of programVectors(name)) {
    test(vector.name, async ({ skip }) => {
      skip(problem !== undefined, problem);
      const { files, env, stdin } = vector;
      const [own = name, ...args] = vector.args;
      const sandbox = await Sandbox.create({ module: programPath(name), machine, files, limits });
      try {
        const { exitCode, stdout, stderr } = await sandbox.run({ name: own, args, env, stdin });
        expectOutcome({ exitCode, stdout, stderr: new TextDecoder().decode(stderr) }, vector);
      } finally {
        sandbox.close();
      }
    });
  }

  test("every run starts from the same state", async ({ skip }) => {
    skip(problem !== undefined, problem);
    const vector = programVectors(name)[0];
    if (vector === undefined) throw new Error(`${name} has no vectors`);
    const { files, env, stdin } = vector;
    const [own = name, ...args] = vector.args;
    const sandbox = await Sandbox.create({ module: programPath(name), machine, files, limits });
    try {
      for (let round = 0; round < ROUNDS[machine]; round++) {
        const { exitCode, stdout } = await sandbox.run({ name: own, args, env, stdin });
        expectOutcome({ exitCode, stdout, stderr: `round ${round}` }, vector);
      }
      expect(sandbox.stats()).toMatchObject({ calls: ROUNDS[machine], restores: ROUNDS[machine] });
    } finally {
      sandbox.close();
    }
  });
});
