import { timeText } from "./text.js";

/** Pixels. */
const HEIGHT = 176;
const MARGIN = 10;
/** Room for the scale's numbers. */
const GUTTER = 56;
const RADIUS = 2;

/** What a row of latencies comes to, milliseconds. */
export interface LatencySummary {
  readonly first: number;
  readonly median: number;
  readonly p99: number;
}

/** Median and 99th percentile. The list is not empty. */
export function summarize(latencies: readonly number[]): LatencySummary {
  const ascending = [...latencies].sort((a, b) => a - b);
  const at = (share: number): number => ascending[Math.floor(share * (ascending.length - 1))] ?? 0;
  return { first: latencies[0] ?? 0, median: at(0.5), p99: at(0.99) };
}

/**
 * Draws a dot for each latency, over a logarithmic scale whose lines are powers of ten, and a dashed line for the median.
 *
 * @param least What the clock can tell apart, milliseconds; shorter latencies are drawn as that.
 */
export function drawLatencies(svg: SVGSVGElement, latencies: readonly number[], least: number): void {
  const { width } = svg.getBoundingClientRect();
  svg.replaceChildren();
  if (latencies.length === 0 || width <= GUTTER) return;
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const logarithm = (latency: number): number => Math.log10(Math.max(latency, least));
  const logarithms = latencies.map(logarithm);
  const low = Math.floor(Math.min(...logarithms));
  const high = Math.max(Math.ceil(Math.max(...logarithms)), low + 1);
  const y = (value: number): number =>
    HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN);
  for (let power = low; power <= high; power += 1) {
    const label = shape("text", { x: 0, y: y(power) });
    label.textContent = timeText(10 ** power).replace(/\.0+ /, " ");
    svg.append(label, line(width, y(power)));
  }
  const median = line(width, y(logarithm(summarize(latencies).median)));
  median.setAttribute("class", "median");
  svg.append(median);
  const step = (width - GUTTER - 2 * MARGIN) / Math.max(logarithms.length - 1, 1);
  logarithms.forEach((value, index) => {
    svg.append(shape("circle", { cx: GUTTER + MARGIN + index * step, cy: y(value), r: RADIUS }));
  });
}

function line(width: number, y: number): SVGElement {
  return shape("line", { x1: GUTTER, x2: width, y1: y, y2: y });
}

function shape(name: string, attributes: Readonly<Record<string, number>>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value.toFixed(2));
  return element;
}
