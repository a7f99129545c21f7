import { describe, expect, it } from "vitest";
import { drawPlot } from "../../src/envoy/plot.js";
import { type EnvoyEchoResult, formatDocument, formatSummary } from "../../src/envoy/report.js";
import { escapeXml } from "../../src/envoy/svg.js";
import { figuresOf } from "./support.js";

const result: EnvoyEchoResult = {
  date: "2026-01-02T03:04:05.000Z",
  system: "A processor <fast & small>, Envoy 1.40.0",
  quick: false,
  figures: [
    figuresOf("bare", [30]),
    figuresOf("bare", [34], 4096),
    figuresOf("module", [31.26]),
    figuresOf("floor", [101.26]),
    figuresOf("bare", [120], 128, "new"),
  ],
  missing: [{ path: "v8", reason: "not built" }],
  floor: { loop: 21_700, call: 61_000 },
  goals: [
    {
      id: "goal",
      what: "a goal",
      unit: "ratio",
      value: 1.1,
      goal: "≤ 1.15 ×",
      limit: 1.15,
      verdict: { kind: "met" },
    },
  ],
};

describe("the report", () => {
  const summary = formatSummary(result);

  it("has a line for each path, with a blank where a size was not measured", () => {
    expect(summary).toMatch(/^\| Envoy's echo filter +\| 30\.0 \/ 90\.0 \| 34\.0 \/ 102 \|$/m);
    expect(summary).toMatch(/^\| our module without a machine +\| 31\.3 \/ 93\.8 \| +\|$/m);
    expect(summary).toMatch(/^\| Envoy's echo filter +\| +120 \/ 360 \| +\|$/m);
  });

  it("puts the machine's floor, the goals and what is missing beside it", () => {
    expect(summary).toContain("21.7 µs one after the other, 70.0 µs from Envoy's event loop");
    expect(summary).toContain("from Node's event loop: 61.0 µs.");
    expect(summary).toMatch(/a goal.*1\.10 ×.*met/);
    expect(summary).toContain("- Envoy's V8 filter + echo filter: not built");
  });

  it("says when there were too few rounds", () => {
    expect(summary).not.toContain("too few rounds");
    expect(formatSummary({ ...result, quick: true })).toContain("too few rounds");
  });

  it("has every figure in the document", () => {
    const head = /\| path +\| bytes \| echoes \| mean \| median \| p25 \| p75 \| p99 \| std\. dev\. \|/;
    const document = formatDocument(result);
    expect(document).toMatch(head);
    const cells = ["bare", 128, 50, "33.0", "30.0", "27.0", "36.0", "90.0", "3.0"].slice(1);
    expect(document.replaceAll(/ +/g, " ")).toContain(`| Envoy's echo filter | ${cells.join(" | ")} |`);
  });

  it("leaves the floor out where nothing of it was measured", () => {
    const text = formatSummary({ ...result, floor: undefined, figures: [figuresOf("bare", [30])] });
    expect(text).not.toContain("The machine's floor");
  });
});

describe("the plot", () => {
  const svg = drawPlot(result);

  it("has a bar with its median for each path, size and kind of connection", () => {
    // One of them is the picture's own.
    expect(svg.match(/<title>/g)).toHaveLength(result.figures.length + 1);
    expect(svg).toContain(
      "<title>Envoy's echo filter, 4096 B: median 34.0 µs, half of all 30.6 to 40.8, p99 102.0</title>",
    );
  });

  it("is well-formed: every element that opens closes, and text is escaped", () => {
    const open: string[] = [];
    for (const [, slash, name = "", rest = ""] of svg.matchAll(/<(\/?)([a-z]+)([^<>]*)>/g)) {
      if (slash) expect(open.pop()).toBe(name);
      else if (!rest.endsWith("/")) open.push(name);
    }
    expect(open).toEqual([]);
    expect(svg).toContain("A processor &lt;fast &amp; small>, Envoy 1.40.0");
    expect(svg).not.toContain("NaN");
  });

  it("puts slower echoes further to the right", () => {
    const median = (path: string): number =>
      Number(new RegExp(`<title>${path}, 128 B.*?<line x1="([\\d.]+)"`).exec(svg)?.[1]);
    expect(median("our module, one bare exit")).toBeGreaterThan(median("our module without a machine"));
  });

  it("draws a single figure too", () => {
    expect(drawPlot({ ...result, figures: [figuresOf("bare", [30])] })).not.toMatch(/NaN|Infinity/);
  });
});

describe("escapeXml", () => {
  it("escapes what means something between tags and in attributes", () => {
    expect(escapeXml('a < b & "c"')).toBe("a &lt; b &amp; &quot;c&quot;");
  });
});
