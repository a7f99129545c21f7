import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isolationHeaders, serveFolder } from "@twinwall/tool-chromium";
import { expect, onTestFinished, test } from "vitest";
import { callAll as callAllInNode } from "./page/calls.js";
import { assemble } from "./support/modules.js";
import { buildProbe, callAll, machineWorkers, order } from "./support/probe.js";
import { openPage, useSite } from "./support/site.js";

// The sandbox in pages of its own: on a page's thread, and in a Worker, whose calls have Workers inside it.

const site = useSite(buildProbe);

const answer = { result: 42 };

const orders = [
  order("answer"),
  order("double", [20]),
  order("long", [7]),
  order("refuse"),
  order("answer"),
  order("never"),
  order("forever"),
  order("answer"),
  order("unreachable"),
  order("double", [1, 2]),
  order("answer", [], "call"),
  order("forever", [], "call"),
  order("double", [20], "call"),
  order("unreachable", [], "call"),
  order("answer", [], "call"),
  order("double", [20]),
];

test.each(["page", "worker"] as const)(
  "host functions that take their time, and what goes wrong, are as in Node: in a %s",
  async (place) => {
    const page = await openPage(site());
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const outcomes = await callAll(page, place, orders);
    expect(outcomes).toEqual(await callAllInNode(orders));
    expect(outcomes.map(({ code, result }) => code ?? result)).toEqual([
      ...[42, 42, 200_007, "E_HOST_FUNCTION", 42],
      ...["E_DEADLINE", "E_DEADLINE", 42, "E_TRAP", "E_TYPE"],
      ...[42, "E_DEADLINE", "E_TYPE", "E_TRAP", 42, 42],
    ]);
    expect(outcomes[3]?.cause).toBe("not today");
  },
);

test.each(["page", "worker"] as const)(
  "without isolation a %s cannot wait for host functions, says so, and does the rest",
  async (place) => {
    await using plain = await serveFolder(site().folder);
    const page = await openPage(site(), { origin: plain.origin });
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    const outcomes = await callAll(page, place, [
      order("answer"),
      order("double", [20]),
      order("forever"),
      order("answer"),
      order("answer", [], "call"),
    ]);
    expect(outcomes).toMatchObject([
      answer,
      {
        code: "E_UNSUPPORTED",
        message: expect.stringMatching(
          /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy/,
        ),
      },
      { code: "E_DEADLINE" },
      answer,
      answer,
    ]);
  },
);

test("a call's Worker that breaks fails its call, and another one takes its place", async () => {
  const page = await openPage(site(), { breaks: true });
  expect(await callAll(page, "page", [order("answer")])).toEqual([answer]);
  const [broken, ...others] = await machineWorkers(page);
  expect(others).toEqual([]);
  await broken?.evaluate(() => {
    globalThis.postMessage = () => {
      throw new Error("cannot answer");
    };
  });
  expect(await callAll(page, "page", [order("answer"), order("answer")])).toEqual([
    { code: "E_INTERNAL", message: expect.stringMatching(/: the Worker of the call ended: .*cannot answer/) },
    answer,
  ]);
  const workers = await machineWorkers(page);
  expect(workers).toHaveLength(1);
  expect(workers).not.toContain(broken);
});

test("a call's Worker whose script is missing fails its call, until it is there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinwall-incomplete-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(site().folder, folder, { recursive: true });
  const script = await machineScript(join(folder, "assets"));
  const contents = await readFile(script);
  await rm(script);
  await using incomplete = await serveFolder(folder, { headers: isolationHeaders });
  const page = await openPage(site(), { origin: incomplete.origin });
  expect(await callAll(page, "page", [order("answer"), order("answer", [], "call")])).toEqual([
    {
      code: "E_INTERNAL",
      message: expect.stringMatching(/: the Worker of the call ended: its script could not be loaded$/),
    },
    answer,
  ]);
  await writeFile(script, contents);
  expect(await callAll(page, "page", [order("answer")])).toEqual([answer]);
});

test("the machine is soft, with a reason, and KVM is refused with one", async () => {
  const page = await openPage(site());
  await page.waitForFunction(() => "probe" in globalThis);
  const module = [...assemble("(module)")];
  expect(await page.evaluate((module) => probe.chooseMachine(module), module)).toEqual([
    "soft",
    expect.stringMatching(/^soft, as there is no kvm: KVM is a part of Linux, and this is a browser/),
  ]);
  expect(await page.evaluate((module) => probe.askForKvm(module), module)).toMatch(/^E_NO_MACHINE: KVM is/);
});

/** The built script of Workers that run calls. */
async function machineScript(assets: string): Promise<string> {
  for (const name of await readdir(assets)) {
    const file = join(assets, name);
    if (name.startsWith("worker-") && (await readFile(file, "utf8")).includes("the Worker has no snapshot")) {
      return file;
    }
  }
  throw new Error("no script of a Worker that runs calls");
}
