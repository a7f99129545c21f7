import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveFolder } from "@twinwall/tool-chromium";
import { createServer } from "vite";
import { expect, onTestFinished, test } from "vitest";
import { callInNode } from "./support/in-node.js";
import { example } from "./support/modules.js";
import { call, chooseExample, figures, refusal, setLimits, settled } from "./support/page-object.js";
import { openPage, useSite } from "./support/site.js";

const site = useSite();

test("without the headers the page says what it lacks, and does what it can", async () => {
  await using plain = await serveFolder(site().folder);
  const page = await openPage(site(), { origin: plain.origin });
  expect(await page.textContent("#machine")).toBe(
    "Machine soft, as this is a browser. Calls run in Workers, but cannot wait for host functions: the page was " +
      "served without the headers Cross-Origin-Opener-Policy: same-origin and " +
      "Cross-Origin-Embedder-Policy: require-corp.",
  );
  await chooseExample(page, "echo");
  expect((await call(page, "upper", "hello", 20)).result).toBe("HELLO");
  const median = (await figures(page))["Median"];
  expect(median).toMatch(/^(< 100 µs|[\d.]+ (µs|ms|s))$/);
  await setLimits(page, { deadline: "200ms", fuel: "off" });
  await chooseExample(page, "hostile");
  const expected = await callInNode(await example("hostile"), "spin", "[]", {
    deadline: "200ms",
    fuel: "off",
  });
  expect((await call(page, "spin", "[]")).error).toBe(expected.error);
  expect((await call(page, "answer", "[]")).result).toBe("42");
});

test("the page works in any folder of a server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinwall-folder-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(site().folder, join(folder, "some/where"), { recursive: true });
  await using server = await serveFolder(folder);
  const page = await openPage(site(), { origin: `${server.origin}/some/where/index.html` });
  await chooseExample(page, "numbers");
  expect((await call(page, "fib", "[10]")).result).toBe("55");
  expect(server.requests.filter((path) => !path.startsWith("/some/where/"))).toEqual([]);
});

test("nothing leaves the page, nor comes to it from elsewhere", async () => {
  await using elsewhere = await serveFolder(site().folder, {
    headers: { "Access-Control-Allow-Origin": "*" },
  });
  const page = await openPage(site());
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await chooseExample(page, "echo");
  await call(page, "echo", "hello");
  expect(requests.length).toBeGreaterThan(0);
  expect(requests.filter((url) => !url.startsWith(site().server.origin))).toEqual([]);
  const refused = page.evaluate((url) => fetch(url).then(String, String), `${elsewhere.origin}/index.html`);
  expect(await refused).toMatch(/^TypeError/);
  expect(elsewhere.requests).toEqual([]);
});

test("a server that lacks an example, or the compiler, is named", async () => {
  await using bare = await serveFolder(site().folder, { types: { ".wasm": undefined } });
  const page = await openPage(site(), { origin: bare.origin });
  await page.getByRole("button", { name: "echo" }).click();
  await settled(page, "echo.wasm");
  expect(await refusal(page)).toBe("E_NO_FILE: example echo.wasm was answered with status 404");
  await page.setInputFiles("#file", {
    name: "mine.wasm",
    mimeType: "application/wasm",
    buffer: Buffer.from(await example("numbers")),
  });
  await settled(page, "mine.wasm");
  expect(await refusal(page)).toMatch(/^E_NO_FILE: .*\/assets\/.*\.wasm.* status 404/);
});

test("the page works on Vite's development server too", async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const server = await createServer({ root, logLevel: "error", server: { host: "127.0.0.1", port: 0 } });
  onTestFinished(() => server.close());
  await server.listen();
  const page = await openPage(site(), { origin: server.resolvedUrls?.local[0] ?? "" });
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await chooseExample(page, "numbers");
  expect((await call(page, "fib", "[10]")).result).toBe("55");
});
