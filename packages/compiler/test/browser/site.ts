import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumProblem, launchChromium, type StaticServer, serveFolder } from "@twinwall/tool-chromium";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, onTestFinished } from "vitest";
import type { CompileOptions, CompilerOptions } from "../../src/index.js";
import { buildConsumer, makeConsumer } from "./consumer.js";
import type { Outcome } from "./page/outcome.js";
// Declares what tests find in the page: `twinwall`.
import type {} from "./page/page.js";

/** A built page, and a browser to look at it. */
export interface Site {
  /** The project, and what Vite made of it. */
  readonly project: string;
  readonly folder: string;
  readonly server: StaticServer;
  readonly browser: Browser;
}

/** For profiles that compare with Node's results. */
export const soft: CompileOptions = { machine: "soft", fuel: true };

/** Makes a site for the tests of a file, which are skipped where there is no browser. */
export function useSite(): () => Site {
  const problem = chromiumProblem();
  let site: Site | undefined;
  beforeAll(async () => {
    if (problem !== undefined) return;
    const project = await mkdtemp(join(tmpdir(), "twinwall-page-"));
    await makeConsumer(project);
    const folder = await buildConsumer(project);
    site = { project, folder, server: await serveFolder(folder), browser: await launchChromium() };
  }, 120_000);
  beforeEach((context) => context.skip(problem !== undefined, problem));
  afterAll(async () => {
    await site?.browser.close();
    await site?.server[Symbol.asyncDispose]();
    if (site !== undefined) await rm(site.project, { recursive: true, force: true });
  });
  return () => {
    if (site === undefined) throw new Error("the site is not there");
    return site;
  };
}

/** Opens the page in a profile of its own, which ends with the test. */
export async function openPage(site: Site, origin = site.server.origin): Promise<Page> {
  const context = await site.browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await visit(page, origin);
  return page;
}

/** Loads the page, anew if it is there already. */
export async function visit(page: Page, origin: string): Promise<void> {
  await page.goto(origin);
  await page.waitForFunction(() => "twinwall" in globalThis);
}

/** Puts a module where the page can fetch it; returns its path. */
export async function provide(site: Site, name: string, module: Uint8Array): Promise<string> {
  await mkdir(join(site.folder, "modules"), { recursive: true });
  await writeFile(join(site.folder, "modules", `${name}.wasm`), module);
  return `/modules/${name}.wasm`;
}

/** Compiles a module in the page, by a compiler of its own. */
export function compileIn(
  page: Page,
  path: string,
  compilerOptions: CompilerOptions = {},
  options: CompileOptions = soft,
): Promise<Outcome> {
  return page.evaluate(
    async ([path, compilerOptions, options]) => {
      const response = await fetch(path);
      if (!response.ok) throw new Error(`${path} was answered with status ${response.status}`);
      const module = new Uint8Array(await response.arrayBuffer());
      const compiler = twinwall.createCompiler(compilerOptions);
      const outcome = await twinwall.outcomeOf(compiler.compile(module, options));
      await compiler.close();
      return outcome;
    },
    [path, compilerOptions, options] as const,
  );
}
