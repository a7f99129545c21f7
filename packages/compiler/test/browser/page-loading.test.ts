import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { serveFolder } from "@twinwall/tool-chromium";
import { expect, onTestFinished, test } from "vitest";
import { packageFile } from "../../src/node/files.js";
import { answering } from "../modules.js";
import { testCompiler } from "../temporary.js";
import { type Outcome, outcomeOf } from "./page/outcome.js";
import { compileIn, openPage, provide, type Site, soft, useSite } from "./site.js";

const site = useSite();

/** What a page should come to, by whatever way it got the compiler. */
function expected(): Promise<Outcome> {
  return outcomeOf(testCompiler().compile(answering(1), soft));
}

/** The same site with other answers for its compiler, or another policy. */
async function siteWith(type: string | undefined, policy?: string): Promise<Site> {
  const headers = policy === undefined ? {} : { "Content-Security-Policy": policy };
  const server = await serveFolder(site().folder, { types: { ".wasm": type }, headers });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { ...site(), server };
}

test("a server that does not know the type of WebAssembly will do", async () => {
  const other = await siteWith("application/octet-stream");
  const page = await openPage(other);
  expect(await compileIn(page, await provide(other, "one", answering(1)))).toEqual(await expected());
});

test("the strictest policy that the README allows will do, a stricter one is named", async () => {
  const least =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
  const outcomes = [];
  for (const policy of [least, least.replace(" 'wasm-unsafe-eval'", "")]) {
    const other = await siteWith("application/wasm", policy);
    const page = await openPage(other);
    outcomes.push(await compileIn(page, await provide(other, "one", answering(1))));
  }
  expect(outcomes).toEqual([
    await expected(),
    { code: "E_OPTION", message: expect.stringMatching(/was refused: .*Content Security Policy/i) },
  ]);
});

test("a server that lacks the compiler is named, and asked again", async () => {
  const other = await siteWith(undefined);
  const page = await openPage(other);
  const outcomes = await page.evaluate(
    async ([module, options]) => {
      const compiler = twinwall.createCompiler({ cacheDirectory: false });
      const compile = () => twinwall.outcomeOf(compiler.compile(Uint8Array.from(module), options));
      return [await compile(), await compile()];
    },
    [[...answering(1)], soft] as const,
  );
  for (const outcome of outcomes) {
    expect(outcome).toEqual({
      code: "E_NO_FILE",
      message: expect.stringMatching(/\/assets\/compiler_bg-.*\.wasm was answered with status 404/),
    });
  }
  expect(other.server.requests.filter((path) => path.endsWith(".wasm"))).toHaveLength(2);
});

const ways = ["address", "url", "response", "promise", "bytes", "module"] as const;

test.each(ways)("the slim entry takes the compiler as %s", async (way) => {
  const page = await openPage(site());
  const outcome = await page.evaluate(
    async ([way, module, options]) => {
      const address = twinwall.wasmUrl;
      const sources = {
        address: async () => address,
        url: async () => new URL(address, location.href),
        response: () => fetch(address),
        promise: async () => fetch(address),
        bytes: async () => new Uint8Array(await (await fetch(address)).arrayBuffer()),
        module: () => WebAssembly.compileStreaming(fetch(address)),
      };
      const wasm = way === "promise" ? sources.promise() : await sources[way]();
      const compiler = twinwall.createSlimCompiler({ wasm, cacheDirectory: false });
      return twinwall.outcomeOf(compiler.compile(Uint8Array.from(module), options));
    },
    [way, [...answering(1)], soft] as const,
  );
  expect(outcome).toEqual(await expected());
});

test("the raw file is the one that the package's own entry uses", async () => {
  const page = await openPage(site());
  const address = await page.evaluate(() => twinwall.wasmUrl);
  const [built, packaged] = await Promise.all([
    readFile(join(site().folder, address)),
    readFile(packageFile("artifacts/compiler_bg.wasm")),
  ]);
  expect(built.equals(packaged)).toBe(true);
});
