import { expect, test } from "vitest";
import { parseOptions } from "../src/options.mjs";
import { UsageError } from "../src/problem.mjs";

test("filters, deadline and a program", () => {
  expect(parseOptions([])).toEqual({ deadlineSeconds: 900, filters: [], program: undefined });
  expect(parseOptions(["--", "gate"]).filters).toEqual(["gate"]);
  expect(parseOptions(["--deadline", "5", "restore"])).toMatchObject({
    deadlineSeconds: 5,
    filters: ["restore"],
  });
  expect(parseOptions(["run", "./a", "-x"]).program).toEqual({ file: "./a", args: ["-x"] });
});

test.each([[["--deadline", "soon"]], [["--deadline", "0"]], [["run"]], [["--fast"]]])(
  "%j is refused",
  (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  },
);
