import { CONNECTION_KINDS, type ConnectionKind, type Figures, FigureTable } from "./figures.js";
import { pathOf } from "./paths.js";
import { type EnvoyEchoResult, formatFloor } from "./report.js";
import { element, escapeXml, text } from "./svg.js";

/** Pixels. */
const LABELS = 300;
const PANEL = 380;
const GAP = 28;
const TITLE = "Echoes through Envoy: latency, µs";
const MARGIN = 16;
const TOP = 96;
const BAR = 6;
const PATH_GAP = 8;
const BOTTOM = 92;

/** Fill of the bars, from the smallest size to the largest. */
const COLOURS = ["#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b"] as const;

const TITLES: Readonly<Record<ConnectionKind, string>> = {
  existing: "on a connection that stays open",
  new: "each on a new connection",
};

/** A scale of powers of ten in nanoseconds, across one panel. */
interface Scale {
  readonly left: number;
  readonly ticks: readonly number[];
  x(nanoseconds: number): number;
}

/** Draws a bar from the first to the third quartile for each path and size, with the median in it, over logarithmic scales. */
export function drawPlot(result: EnvoyEchoResult): string {
  const table = new FigureTable(result.figures);
  const { paths, sizes } = table;
  const pathHeight = sizes.length * BAR + PATH_GAP;
  const bodyHeight = paths.length * pathHeight;
  const width = MARGIN * 2 + LABELS + CONNECTION_KINDS.length * (PANEL + GAP);
  const height = TOP + bodyHeight + BOTTOM;
  const panels = CONNECTION_KINDS.map((kind, index) => {
    const left = MARGIN + LABELS + GAP + index * (PANEL + GAP);
    const figures = table.all.filter(({ connection }) => connection === kind);
    return drawPanel(figures, kind, table, { left, pathHeight, bodyHeight });
  });
  const labels = paths.map((path, row) =>
    text(pathOf(path).label, MARGIN + LABELS, TOP + row * pathHeight + pathHeight / 2, { anchor: "end" }),
  );
  const body = [
    element("title", {}, [TITLE]),
    element("rect", { width, height, fill: "#fff" }),
    text(TITLE, MARGIN, 26, { size: 17 }),
    legend(sizes, MARGIN, 50),
    ...labels,
    ...panels,
    ...notes(result).map((note, index) =>
      text(note, MARGIN, TOP + bodyHeight + 46 + index * 16, { size: 11 }),
    ),
  ];
  const viewBox = `0 0 ${width} ${height}`;
  const svg = { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox, "font-family": "sans-serif" };
  return `${element("svg", svg, body)}\n`;
}

interface PanelPlace {
  readonly left: number;
  readonly pathHeight: number;
  readonly bodyHeight: number;
}

function drawPanel(
  figures: readonly Figures[],
  kind: ConnectionKind,
  table: FigureTable,
  { left, pathHeight, bodyHeight }: PanelPlace,
): string {
  const scale = scaleOf(figures, left);
  const bottom = TOP + bodyHeight;
  const ticks = scale.ticks.flatMap((tick) => {
    const x = scale.x(tick);
    const line = element("line", { x1: x, x2: x, y1: TOP - 6, y2: bottom, stroke: "#ddd" });
    return [line, text(`${tick / 1000}`, x, bottom + 14, { anchor: "middle", size: 11 })];
  });
  const bars = figures.map((one) => {
    const row = table.paths.indexOf(one.path);
    const lane = table.sizes.indexOf(one.size);
    return drawBar(
      one,
      TOP + row * pathHeight + PATH_GAP / 2 + lane * BAR,
      scale,
      colourOf(lane, table.sizes),
    );
  });
  return element("g", {}, [text(TITLES[kind], left, TOP - 14, { size: 13 }), ...ticks, ...bars]);
}

function drawBar(figures: Figures, y: number, scale: Scale, fill: string): string {
  const { path, size, p25, median, p75, p99 } = figures;
  const from = scale.x(p25);
  const width = Math.max(scale.x(p75) - from, 1);
  const middle = scale.x(median);
  const title = `${pathOf(path).label}, ${size} B: median ${micro(median)} µs, half of all ${micro(p25)} to ${micro(p75)}, p99 ${micro(p99)}`;
  return element("g", {}, [
    element("title", {}, [escapeXml(title)]),
    element("rect", { x: from, y: y + 1, width, height: BAR - 2, fill, "fill-opacity": 0.75 }),
    element("line", { x1: middle, x2: middle, y1: y, y2: y + BAR, stroke: "#d62728", "stroke-width": 2 }),
  ]);
}

/** From a power of ten or a third of one below the fastest quarter to one above the slowest; ticks at 1, 2, 5 of each. */
function scaleOf(figures: readonly Figures[], left: number): Scale {
  const low = Math.log10(Math.min(...figures.map(({ p25 }) => p25)) * 0.9);
  const high = Math.log10(Math.max(...figures.map(({ p75 }) => p75)) * 1.1);
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of [1, 2, 5]) {
      const tick = step * 10 ** power;
      if (Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
    }
  }
  return { left, ticks, x: (value) => left + ((Math.log10(value) - low) / (high - low)) * PANEL };
}

function legend(sizes: readonly number[], x: number, y: number): string {
  const entries = sizes.flatMap((size, index) => [
    element("rect", { x: x + index * 74, y: y - 8, width: 12, height: 8, fill: colourOf(index, sizes) }),
    text(`${size} B`, x + index * 74 + 17, y, { size: 12 }),
  ]);
  const end = x + sizes.length * 74;
  return element("g", {}, [
    ...entries,
    text("bar: half of all echoes; red: median", end + 10, y, { size: 12 }),
  ]);
}

function colourOf(index: number, sizes: readonly number[]): string {
  const share = sizes.length < 2 ? 0 : index / (sizes.length - 1);
  return COLOURS[Math.round(share * (COLOURS.length - 1))] ?? COLOURS[0];
}

function notes(result: EnvoyEchoResult): string[] {
  const floor = formatFloor(result).map((line) => line.replaceAll("`", ""));
  return [...floor, `${result.system}${result.quick ? "; too few rounds for a record" : ""}`];
}

function micro(nanoseconds: number): string {
  return (nanoseconds / 1000).toFixed(1);
}
