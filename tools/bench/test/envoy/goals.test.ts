import { describe, expect, it } from "vitest";
import { type Figures, FigureTable } from "../../src/envoy/figures.js";
import { judgeGoals } from "../../src/envoy/goals.js";
import { figuresOf } from "./support.js";

const floor = { loop: 21_000, call: 100_000 };

function verdicts(figures: readonly Figures[], machine: typeof floor | undefined = floor) {
  return judgeGoals(new FigureTable(figures), machine).map(({ value, verdict }) => ({
    value: value === undefined ? undefined : Number(value.toFixed(3)),
    verdict: verdict.kind,
  }));
}

const MET = [
  figuresOf("bare", [30]),
  figuresOf("v8", [45]),
  figuresOf("module-before", [33]),
  figuresOf("module", [31]),
  figuresOf("floor", [101]),
  figuresOf("wasm", [108]),
  figuresOf("service-nothing", [500]),
  figuresOf("service-kvm", [690]),
];

describe("judgeGoals", () => {
  it("compares what the guest, the module and the service add with what they must stay below", () => {
    expect(verdicts(MET)).toEqual([
      { value: 1.1, verdict: "met" },
      { value: 0.2, verdict: "met" },
      { value: 1.15, verdict: "met" },
    ]);
  });

  it("tells what was missed", () => {
    const worse = MET.map((figures) => {
      if (figures.path === "wasm") return figuresOf("wasm", [115]);
      if (figures.path === "module-before") return figuresOf("module-before", [36]);
      return figures.path === "service-kvm" ? figuresOf("service-kvm", [790]) : figures;
    });
    expect(verdicts(worse)).toEqual([
      { value: 1.2, verdict: "missed" },
      { value: 0.4, verdict: "missed" },
      { value: 1.317, verdict: "missed" },
    ]);
  });

  it("judges only what was measured", () => {
    expect(verdicts([figuresOf("bare", [30])]).map(({ verdict }) => verdict)).toEqual(
      Array.from({ length: 3 }, () => "not measured"),
    );
    const withoutFloor = judgeGoals(new FigureTable(MET), undefined).map(({ verdict }) => verdict.kind);
    expect(withoutFloor).toEqual(["met", "met", "not measured"]);
  });

  it("does not divide by a base that is nothing or less", () => {
    const odd = [...MET.filter(({ path }) => path !== "v8"), figuresOf("v8", [30])];
    expect(verdicts(odd)[1]?.verdict).toBe("not measured");
  });

  it("notes each size", () => {
    const sizes = [...MET, ...MET.map((figures) => ({ ...figures, size: 4096 }))];
    const [wasm] = judgeGoals(new FigureTable(sizes), floor);
    expect(wasm?.note).toBe("by size: 128 B 1.10, 4096 B 1.10");
  });
});
