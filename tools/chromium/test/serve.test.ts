import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  chromiumProblem,
  isolationHeaders,
  launchChromium,
  type ServeOptions,
  serveFolder,
} from "../src/index.js";

async function serve(options?: ServeOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "twinwall-served-"));
  await writeFile(join(folder, "index.html"), "<!doctype html><title>here</title>");
  await writeFile(join(folder, "a.wasm"), Uint8Array.of(0, 0x61, 0x73, 0x6d));
  await writeFile(join(folder, "secret.key"), "secret");
  const server = await serveFolder(folder, options);
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  return server.origin;
}

test("files have their usual types, and / is the page", async () => {
  const origin = await serve();
  const page = await fetch(origin);
  expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
  const wasm = await fetch(`${origin}/a.wasm`);
  expect(wasm.headers.get("Content-Type")).toBe("application/wasm");
  expect(new Uint8Array(await wasm.arrayBuffer())).toEqual(Uint8Array.of(0, 0x61, 0x73, 0x6d));
});

test("what is not there, has no known type, or lies outside, is not found", async () => {
  const origin = await serve();
  for (const path of ["/b.wasm", "/secret.key", "/..%2f..%2fetc%2fhosts.html", "/a.wasm/"]) {
    expect((await fetch(origin + path)).status, path).toBe(404);
  }
});

test("types can be changed and files withheld", async () => {
  const other = await serve({ types: { ".wasm": "application/octet-stream" } });
  expect((await fetch(`${other}/a.wasm`)).headers.get("Content-Type")).toBe("application/octet-stream");
  const none = await serve({ types: { ".wasm": undefined } });
  expect((await fetch(`${none}/a.wasm`)).status).toBe(404);
});

test("a page served with the headers is isolated in the browser, another is not", async (context) => {
  const problem = chromiumProblem();
  context.skip(problem !== undefined, problem);
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  for (const headers of [isolationHeaders, {}]) {
    await page.goto(await serve({ headers }));
    expect(await page.title()).toBe("here");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(headers === isolationHeaders);
  }
});
