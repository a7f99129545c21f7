import { type FunctionInfo, TwinwallError } from "@twinwall/sandbox";
import { elements } from "./elements.js";
import { drawLatencies, summarize } from "./plot.js";
import type { CallReport } from "./protocol.js";
import { resultText, sampleInput, signatureText, sizeText, timeText } from "./text.js";

/** What this page's clock can tell apart, milliseconds: browsers make it coarse where a page is not isolated. */
const clockStep = globalThis.crossOriginIsolated ? 0.005 : 0.1;

/** Latencies that are drawn, for when the page gets another width. */
let drawn: readonly number[] = [];
new ResizeObserver(() => drawLatencies(elements.plot, drawn, clockStep)).observe(elements.plot);

/** Input that the page itself filled in: it may be replaced by another. */
let sample = "";

/** Says which machine this is, and what it cannot do here. */
export function showMachine(): void {
  elements.machine.textContent = globalThis.crossOriginIsolated
    ? "Machine soft, as this is a browser. Calls run in Workers."
    : "Machine soft, as this is a browser. Calls run in Workers, but cannot wait for host functions: the page was " +
      "served without the headers Cross-Origin-Opener-Policy: same-origin and " +
      "Cross-Origin-Embedder-Policy: require-corp.";
}

const limitFields = [elements.memory, elements.deadline, elements.fuel];

/** Says what became of a module. */
export function showModule(name: string, state: string): void {
  elements.module.textContent = `${name}: ${state}`;
  elements.refusal.textContent = "";
  elements.refusalBacktrace.textContent = "";
  for (const field of limitFields) field.ariaInvalid = null;
}

/** Shows why there is no module, and marks the field that is to blame. */
export function showRefusal(error: unknown): void {
  const failure = TwinwallError.from(error);
  elements.refusal.textContent = failure.message;
  elements.refusalBacktrace.textContent = failure.formatBacktrace();
  for (const field of limitFields) {
    const guilty = failure.code === "E_OPTION" && failure.rawMessage.startsWith(`${field.id}:`);
    field.ariaInvalid = guilty ? "true" : null;
  }
}

/** Shows what went wrong with a call, with the guest's frames where there are any. */
export function showError(error: unknown): void {
  clearResult("");
  const failure = TwinwallError.from(error);
  elements.error.textContent = failure.message;
  elements.backtrace.textContent = failure.formatBacktrace();
}

/** Takes error and result of a call away, and says what goes on instead. */
export function clearResult(progress: string): void {
  elements.progress.textContent = progress;
  elements.error.textContent = "";
  elements.backtrace.textContent = "";
  elements.result.textContent = "";
  elements.figures.replaceChildren();
  elements.latencies.hidden = true;
}

/** Shows result, figures and latencies. */
export function showReport({ result, latencies, fuel, memoryBytes }: CallReport): void {
  clearResult("");
  elements.result.textContent = resultText(result);
  const { first, median, p99 } = summarize(latencies);
  const calls = latencies.length === 1 ? "1 call" : `${latencies.length} calls`;
  showFigures({
    Fuel: fuel === undefined ? "not counted" : fuel.toLocaleString("en-US"),
    Memory: sizeText(memoryBytes),
    "First call": latencyText(first),
    Median: latencyText(median),
    "99th percentile": latencyText(p99),
  });
  elements.latencies.hidden = false;
  drawn = latencies;
  drawLatencies(elements.plot, drawn, clockStep);
  elements.caption.textContent =
    `Latency of ${calls}, one dot each, on a logarithmic scale; the dashed line is the median. Each call starts from ` +
    "the snapshot in a Worker, and the way there and back is part of its time.";
}

function latencyText(latency: number): string {
  return latency < clockStep ? `< ${timeText(clockStep)}` : timeText(latency);
}

function showFigures(figures: Readonly<Record<string, string>>): void {
  elements.figures.replaceChildren(
    ...Object.entries(figures).map(([name, value]) => {
      const group = document.createElement("div");
      const [term, description] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      description.textContent = value;
      group.append(term, description);
      return group;
    }),
  );
}

/** Fills the list of functions. */
export function showFunctions(functions: readonly FunctionInfo[]): void {
  elements.function.replaceChildren(
    ...functions.map((info) => {
      const option = document.createElement("option");
      option.value = info.name;
      option.textContent = signatureText(info);
      return option;
    }),
  );
  elements.function.disabled = functions.length === 0;
  elements.run.disabled = functions.length === 0;
  showInput(functions[0]);
}

/** Says what a function takes, and gives an example of it unless something else was written. */
export function showInput(info: FunctionInfo | undefined): void {
  elements.inputHint.textContent = info === undefined ? "" : hint(info);
  if (info === undefined || (elements.input.value !== "" && elements.input.value !== sample)) return;
  sample = sampleInput(info);
  elements.input.value = sample;
}

function hint({ bytes, parameters }: FunctionInfo): string {
  if (bytes) return "Text, which the function gets as UTF-8 bytes.";
  if (parameters.length === 0) return "None: an empty JSON list.";
  const strings = parameters.includes("i64") ? " An i64 may be a string." : "";
  return `A JSON list: [${parameters.join(", ")}].${strings}`;
}

/** Sets the buttons for a call that runs, or for none; the focus stays with those that can be used. */
export function showRunning(running: boolean): void {
  const { run, stop } = elements;
  const focused = document.activeElement === stop;
  // Not disabled, which would take the focus away.
  run.ariaDisabled = running ? "true" : null;
  stop.disabled = !running;
  if (focused && !running) run.focus();
}
