/**
 * The page: a module goes in, functions are called, results come out.
 *
 * @module
 */

import { elements } from "./elements.js";
import { GuestWorker } from "./guest-worker.js";
import { exampleSource, fileSource, type ModuleSource } from "./module-source.js";
import type { Opened } from "./protocol.js";
import {
  clearResult,
  showError,
  showFunctions,
  showInput,
  showMachine,
  showModule,
  showRefusal,
  showReport,
  showRunning,
} from "./show.js";
import { readLimits } from "./text.js";

/** A module that was chosen, until another one or other limits are. */
interface Visit {
  readonly source: ModuleSource;
  /** Once it is ready. */
  opened: Opened | undefined;
  running: boolean;
}

let visit: Visit | undefined;

showMachine();
const worker = new GuestWorker((error) => {
  showFunctions([]);
  if (visit === undefined) return showRefusal(error);
  visit.opened = undefined;
  showModule(visit.source.name, "lost, choose it once more");
  // Whoever waits for the result of a call hears of it there.
  if (!visit.running) showRefusal(error);
});

elements.file.addEventListener("change", () => {
  openFile(elements.file.files?.[0]);
  // The same file may be chosen once more.
  elements.file.value = "";
});
// The whole page takes files: one that missed its mark would replace the page.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  elements.drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) elements.drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  elements.drop.classList.remove("over");
  openFile(event.dataTransfer?.files[0]);
});
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-example]")) {
  button.addEventListener("click", () => void open(exampleSource(button.dataset["example"] ?? "")));
}
for (const field of [elements.memory, elements.deadline, elements.fuel]) {
  // Limits are a part of the machine: with others there is another one.
  field.addEventListener("change", () => {
    if (visit !== undefined) void open(visit.source);
  });
}
elements.function.addEventListener("change", () => {
  showInput(visit?.opened?.functions.find(({ name }) => name === elements.function.value));
});
elements.call.addEventListener("submit", (event) => {
  event.preventDefault();
  if (visit?.opened !== undefined && !visit.running) void run(visit);
});
elements.stop.addEventListener("click", () => worker.stop());

function openFile(file: File | undefined): void {
  if (file !== undefined) void open(fileSource(file));
}

/** Compiles and boots a module. The one before ends, whatever it is doing. */
async function open(source: ModuleSource): Promise<void> {
  const mine: Visit = { source, opened: undefined, running: false };
  visit = mine;
  clearResult("No call yet.");
  showFunctions([]);
  showRunning(false);
  showModule(source.name, "compiling …");
  const { memory, deadline, fuel } = elements;
  const limits = readLimits({ memory: memory.value, deadline: deadline.value, fuel: fuel.value });
  try {
    const module = await source.read();
    // Another one was chosen meanwhile.
    if (visit !== mine) return;
    mine.opened = await worker.open(module, limits);
    showModule(source.name, mine.opened.note);
    showFunctions(mine.opened.functions);
  } catch (error) {
    if (visit !== mine) return;
    showModule(source.name, "refused");
    showRefusal(error);
  }
}

/** Makes the calls that the form asks for. */
async function run(mine: Visit): Promise<void> {
  const count = elements.count.valueAsNumber;
  const order = { name: elements.function.value, input: elements.input.value, count };
  mine.running = true;
  showRunning(true);
  clearResult("Running …");
  try {
    const report = await worker.call(order, (calls) => {
      if (visit === mine) elements.progress.textContent = `Running … ${calls} of ${count}`;
    });
    if (visit !== mine) return;
    showReport(report);
  } catch (error) {
    if (visit !== mine) return;
    showError(error);
  }
  mine.running = false;
  showRunning(false);
}
