import { createCompiler } from "@twinwall/compiler";
import { type MachineName, Sandbox } from "@twinwall/sandbox";
import { afterAll, describe, expect, test } from "vitest";
import { machines, noKvm } from "../machine.js";
import { any, anyError, cases, type ParityCase, refusals } from "./cases.js";
import { countsOf, type Outcome, outcomeOf } from "./outcome.js";

const compiler = createCompiler();
afterAll(() => compiler.close());

/** What each act of a case came to on a machine, with the figures behind it. */
async function play({ options, acts }: ParityCase, machine: MachineName) {
  const sandbox = await Sandbox.create({ ...options, machine, compiler });
  const played: { outcome: Outcome; counts: unknown }[] = [];
  try {
    for (const act of acts) {
      const outcome = await outcomeOf(() => act(sandbox));
      const counts = outcome.error === undefined ? countsOf(sandbox) : undefined;
      played.push({ outcome, counts });
    }
  } finally {
    sandbox.close();
  }
  return played;
}

function expectOutcome({ value, error }: Outcome, expected: unknown): void {
  if (expected === any) expect(error).toBeUndefined();
  else if (expected === anyError) expect(error?.code).toMatch(/^E_/);
  else if (typeof expected === "string" && /^E_[A-Z_]+$/.test(expected)) expect(error?.code).toBe(expected);
  else expect(error === undefined ? value : error).toEqual(expected);
}

describe.each(machines.map(({ machine, missing }) => [machine, missing] as const))(
  "%s",
  (machine, missing) => {
    for (const one of cases) {
      test(one.name, async ({ skip }) => {
        skip(missing !== undefined, missing);
        const played = await play(one, machine);
        expect(played.length).toBe(one.expected.length);
        for (const [index, { outcome }] of played.entries()) expectOutcome(outcome, one.expected[index]);
      });
    }
  },
);

describe("kvm and soft", () => {
  for (const one of cases) {
    test(`${one.name}: equal results, messages, figures and fuel`, async ({ skip }) => {
      skip(noKvm !== undefined, noKvm);
      expect(await play(one, "soft")).toEqual(await play(one, "kvm"));
    });
  }

  for (const { name, options, code } of refusals) {
    test(`${name} is refused with equal words`, async ({ skip }) => {
      skip(noKvm !== undefined, noKvm);
      const refusal = async (machine: MachineName) =>
        outcomeOf(async () => (await Sandbox.create({ ...options, machine, compiler })).close());
      const soft = await refusal("soft");
      expect(soft.error?.code).toBe(code);
      expect(soft).toEqual(await refusal("kvm"));
    });
  }
});
