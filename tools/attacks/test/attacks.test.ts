import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { attacks } from "../src/list.js";
import { whySkipped } from "../src/run.js";
import { runElsewhere } from "../src/spawn.js";

/** A quick look at each; `npm run attacks` looks longer. */
const tries = 1;

/** The other process runs what was built. */
const program = fileURLToPath(new URL("../dist/victim-process.js", import.meta.url));

const runs = attacks.flatMap((attack) =>
  (["kvm", "soft"] as const).map((machine) => ({ attack, machine, id: attack.id })),
);

describe("what an attacker tries", () => {
  for (const { attack, machine, id } of runs) {
    const reason = whySkipped(attack, machine);
    const title = `${id} on ${machine}${reason === undefined ? "" : ` - ${reason}`}`;
    test.skipIf(reason !== undefined)(title, { timeout: 240_000 }, async () => {
      const result = await runElsewhere(attack, machine, { tries, seed: 1, deadline: 200, program });
      expect(result).toMatchObject({ outcome: "survived" });
      expect(result.tries).toBeGreaterThan(0);
    });
  }
});
