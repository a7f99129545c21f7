import type { Page } from "playwright-core";
import type { LimitTexts } from "../../src/text.js";
import type { Shown } from "./in-node.js";

/** Longest wait for the page to do something, milliseconds. */
const PATIENCE = 30_000;

/** Gives the page a module as a chosen file, and waits until it is ready or refused. */
export async function chooseModule(page: Page, module: Uint8Array, name = "test.wasm"): Promise<void> {
  await page.setInputFiles("#file", { name, mimeType: "application/wasm", buffer: Buffer.from(module) });
  await settled(page, name);
}

/** Takes an example, and waits until it is ready. */
export async function chooseExample(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name }).click();
  await settled(page, `${name}.wasm`);
}

/** Waits until a module is ready or refused. */
export async function settled(page: Page, name: string): Promise<void> {
  await page
    .locator("#module")
    .filter({ hasText: new RegExp(`^${name}: (?!compiling)`) })
    .waitFor({ timeout: PATIENCE });
}

/** Fills in limits; a module that is there is then made anew. */
export async function setLimits(page: Page, limits: Partial<LimitTexts>): Promise<void> {
  for (const [name, value] of Object.entries(limits)) {
    await page.getByLabel(new RegExp(`^${name}$`, "i")).fill(value);
  }
  // The last field tells of its change when it is left.
  await page
    .locator("#function, body")
    .first()
    .evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    });
}

/** Starts calls of a function. */
export async function start(page: Page, name: string, input: string, count = 1): Promise<void> {
  await page.getByLabel("Function").selectOption(name);
  await page.getByLabel("Input").fill(input);
  await page.getByLabel("Calls").fill(String(count));
  await page.getByRole("button", { name: "Run" }).click();
}

/** Waits until no call runs; what the page then shows. */
export async function outcome(page: Page): Promise<Shown> {
  await page.waitForFunction(
    () => {
      const text = (id: string): string => document.getElementById(id)?.textContent ?? "";
      const stop = document.getElementById("stop");
      return text("result") + text("error") !== "" && stop instanceof HTMLButtonElement && stop.disabled;
    },
    undefined,
    { timeout: PATIENCE },
  );
  return shown(page);
}

/** What the page shows now. */
export async function shown(page: Page): Promise<Shown> {
  const [result = "", error = "", backtrace = ""] = await Promise.all(
    ["#result", "#error", "#backtrace"].map(async (id) => (await page.textContent(id)) ?? ""),
  );
  return { result, error, backtrace };
}

/** Why the page has no module, and below it the frames of its start; empty when it has one. */
export async function refusal(page: Page): Promise<string> {
  const [error, backtrace] = await Promise.all([
    page.textContent("#refusal"),
    page.textContent("#refusal-backtrace"),
  ]);
  return `${error}\n${backtrace}`.trim();
}

/** Calls a function and waits for the outcome. */
export async function call(page: Page, name: string, input: string, count = 1): Promise<Shown> {
  await start(page, name, input, count);
  return outcome(page);
}

/** The figures below a result, by name. */
export function figures(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() =>
    Object.fromEntries(
      Array.from(document.querySelectorAll("#figures > div"), (group) => [
        group.querySelector("dt")?.textContent ?? "",
        group.querySelector("dd")?.textContent ?? "",
      ]),
    ),
  );
}

/** Drops a file on an element, as a person does who drags it there. */
export async function dropFile(page: Page, target: string, module: Uint8Array, name: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([bytes, name]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: "application/wasm" }));
      return transfer;
    },
    [[...module], name] as const,
  );
  await page.dispatchEvent(target, "dragover", { dataTransfer: transfer });
  await page.dispatchEvent(target, "drop", { dataTransfer: transfer });
}
