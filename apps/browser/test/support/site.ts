import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  chromiumProblem,
  isolationHeaders,
  launchChromium,
  type StaticServer,
  serveFolder,
} from "@twinwall/tool-chromium";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, onTestFinished } from "vitest";

/** What `vite build` made. */
const builtPage = fileURLToPath(new URL("../../dist", import.meta.url));

/** The built page on a server, and a browser to look at it. */
export interface Site {
  readonly folder: string;
  readonly server: StaticServer;
  readonly browser: Browser;
}

/**
 * Makes a site for the tests of a file, which are skipped where there is no browser.
 *
 * @param makeFolder What to serve. Default: the built page.
 */
export function useSite(makeFolder: () => Promise<string> = builtPageFolder): () => Site {
  const problem = chromiumProblem();
  let site: Site | undefined;
  beforeAll(async () => {
    if (problem !== undefined) return;
    const folder = await makeFolder();
    const server = await serveFolder(folder, { headers: isolationHeaders });
    site = { folder, server, browser: await launchChromium() };
  });
  beforeEach((context) => context.skip(problem !== undefined, problem));
  afterAll(async () => {
    await site?.browser.close();
    await site?.server[Symbol.asyncDispose]();
  });
  return () => {
    if (site === undefined) throw new Error("the site is not there");
    return site;
  };
}

async function builtPageFolder(): Promise<string> {
  if (!existsSync(builtPage)) throw new Error("the page is not built: npm run build");
  return builtPage;
}

/** What pages are opened with. */
export interface PageOptions {
  /** Default: that of the site's server. */
  readonly origin?: string;
  /** Whether errors may come up that nobody caught. Default: they fail the test. */
  readonly breaks?: boolean;
}

/** Opens a page in a profile of its own, which ends with the test. */
export async function openPage({ browser, server }: Site, options: PageOptions = {}): Promise<Page> {
  const { origin = server.origin, breaks = false } = options;
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  onTestFinished(async () => {
    await context.close();
    if (complaints.length > 0 && !breaks) throw new Error(`the page complained: ${complaints.join("; ")}`);
  });
  await page.goto(origin);
  return page;
}
