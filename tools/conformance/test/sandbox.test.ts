import { programNames, programPath, programProblem, programVectors } from "@twinwall/programs";
import { Sandbox } from "@twinwall/sandbox";
import { describe, expect, test } from "vitest";
import { expectOutcome } from "./expectation.js";
import { noKvm } from "./machine.js";

const limits = { memory: "64MiB", deadline: "10s" } as const;

describe.each(programNames())("%s by Sandbox.run", (name) => {
  const problem = noKvm ?? programProblem(name);

  for (const vector of programVectors(name)) {
    test(vector.name, async ({ skip }) => {
      skip(problem !== undefined, problem);
      const { files, env, stdin } = vector;
      const [own = name, ...args] = vector.args;
      const sandbox = await Sandbox.create({ module: programPath(name), machine: "kvm", files, limits });
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
    const sandbox = await Sandbox.create({ module: programPath(name), machine: "kvm", files, limits });
    try {
      for (let round = 0; round < 20; round++) {
        const { exitCode, stdout } = await sandbox.run({ name: own, args, env, stdin });
        expectOutcome({ exitCode, stdout, stderr: `round ${round}` }, vector);
      }
      expect(sandbox.stats()).toMatchObject({ calls: 20, restores: 20 });
    } finally {
      sandbox.close();
    }
  });
});
