/** The page's element of that id and class. */
function element<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** Everything on the page that the program reads or writes. */
export const elements = {
  machine: element("machine", HTMLElement),
  drop: element("drop", HTMLElement),
  file: element("file", HTMLInputElement),
  memory: element("memory", HTMLInputElement),
  deadline: element("deadline", HTMLInputElement),
  fuel: element("fuel", HTMLInputElement),
  module: element("module", HTMLElement),
  refusal: element("refusal", HTMLElement),
  refusalBacktrace: element("refusal-backtrace", HTMLElement),
  call: element("call", HTMLFormElement),
  function: element("function", HTMLSelectElement),
  input: element("input", HTMLTextAreaElement),
  inputHint: element("input-hint", HTMLElement),
  count: element("count", HTMLInputElement),
  run: element("run", HTMLButtonElement),
  stop: element("stop", HTMLButtonElement),
  progress: element("progress", HTMLElement),
  error: element("error", HTMLElement),
  backtrace: element("backtrace", HTMLElement),
  result: element("result", HTMLElement),
  figures: element("figures", HTMLElement),
  latencies: element("latencies", HTMLElement),
  plot: element("plot", SVGSVGElement),
  caption: element("caption", HTMLElement),
};
