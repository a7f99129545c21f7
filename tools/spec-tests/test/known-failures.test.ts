import { describe, expect, it } from "vitest";
import { differences, readKnownFailures } from "../src/known-failures.js";
import { readTests } from "../src/tests.js";

const place = { suite: "simd", file: "a.wast", machine: "kvm" } as const;
const known = [{ suite: "simd", file: "a.wast", line: 7, machines: ["kvm"], reason: "because" }] as const;

describe("known failures", () => {
  it("are compared both ways", () => {
    const failure = { line: 7, problem: "wrong" };
    expect(differences(place, [failure], known)).toEqual([]);
    expect(differences(place, [failure], [])).toEqual(["simd/a.wast:7: wrong"]);
    expect(differences(place, [], known)[0]).toContain("simd/a.wast:7: passes, but");
    expect(differences(place, [failure, { line: 8, problem: "also wrong" }], known)).toEqual([
      "simd/a.wast:8: also wrong",
    ]);
  });

  it("belong to a machine and a file", () => {
    expect(differences({ ...place, machine: "soft" }, [], known)).toEqual([]);
    expect(differences({ ...place, file: "b.wast" }, [], known)).toEqual([]);
  });

  it("name files that there are, and a reason", () => {
    const files = new Set(
      readTests().suites.flatMap(({ name, files }) => files.map((file) => `${name}/${file.name}`)),
    );
    for (const { suite, file, reason } of readKnownFailures()) {
      expect(files).toContain(`${suite}/${file}`);
      expect(reason).not.toBe("");
    }
  });
});
