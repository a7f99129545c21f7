import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { type CompileOptions, inspectArtifact } from "../../src/index.js";
import { answering, assemble, heavy, nested, variety } from "../modules.js";
import { testCompiler } from "../temporary.js";
import { developConsumer } from "./consumer.js";
import { type Outcome, outcomeOf } from "./page/outcome.js";
import { compileIn, openPage, provide, soft, useSite, visit } from "./site.js";

const site = useSite();

/** Opens a page with a compiler that stays, whose Worker is ready. */
async function openPageWithCompiler(): Promise<Page> {
  const page = await openPage(site());
  await prepareCompiler(page);
  return page;
}

async function prepareCompiler(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const compiler = twinwall.createCompiler({ cacheDirectory: false });
    await compiler.prepare();
    Object.assign(globalThis, { kept: compiler });
  });
}

/** Compiles by the compiler that stays. */
function compileByKept(page: Page, module: Uint8Array, options: CompileOptions = soft): Promise<Outcome> {
  return page.evaluate(
    ([bytes, options]) => {
      const { kept } = globalThis as unknown as { kept: ReturnType<typeof twinwall.createCompiler> };
      return twinwall.outcomeOf(kept.compile(Uint8Array.from(bytes), options));
    },
    [[...module], options] as const,
  );
}

test("a page compiles to the very bytes that Node compiles to", async () => {
  const page = await openPageWithCompiler();
  const compiler = testCompiler();
  const modules = Object.entries(variety).map(([name, text]) => [name, assemble(text)] as const);
  for (const [name, module] of [...modules, ["heavy", heavy(60, 100)] as const]) {
    for (const options of [soft, { machine: "kvm", fuel: false } as const]) {
      const inPage = await compileByKept(page, module, options);
      const inNode = await outcomeOf(compiler.compile(module, options));
      expect(inPage, `${name} for ${options.machine}`).toEqual(inNode);
      expect(inspectArtifact(Uint8Array.from(inPage.bytes ?? []))).toMatchObject(options);
    }
  }
}, 60_000);

test("a page reads what an artifact says of itself, and refuses a damaged one as Node does", async () => {
  const page = await openPage(site());
  const { bytes } = await testCompiler().compile(answering(42), soft);
  const changed = new Uint8Array(bytes);
  changed[changed.length - 100] = (changed[changed.length - 100] ?? 0) ^ 1;
  const inspect = (artifact: Uint8Array): Promise<unknown> =>
    page.evaluate(
      (file) => {
        try {
          const { machine, fuel, exports } = twinwall.inspectArtifact(Uint8Array.from(file));
          return { machine, fuel, exports };
        } catch (error) {
          return String(error);
        }
      },
      [...artifact],
    );
  const { machine, fuel, exports } = inspectArtifact(bytes);
  expect(await inspect(bytes)).toEqual({ machine, fuel, exports });
  for (const bad of [changed, bytes.subarray(0, 500), answering(1)]) {
    expect(() => inspectArtifact(bad)).toThrow(String(await inspect(bad)).replace("TwinwallError: ", ""));
  }
});

const badModules = {
  nothing: new Uint8Array(),
  text: new TextEncoder().encode("(module)"),
  "a cut module": assemble(variety["tables"] ?? "").subarray(0, 60),
  threads: assemble("(module (memory 1 1 shared))"),
  "a component of another version": Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0),
};

test("bad modules are refused with the codes and messages of Node", async () => {
  const page = await openPageWithCompiler();
  const compiler = testCompiler();
  for (const [name, module] of Object.entries(badModules)) {
    const inPage = await compileByKept(page, module);
    expect(inPage, name).toEqual(await outcomeOf(compiler.compile(module, soft)));
    expect(inPage.code, name).toMatch(/^E_(BAD_MODULE|UNSUPPORTED)$/);
  }
});

test.each([
  [{ memory: "8MiB" }, heavy(400, 600)],
  [{ moduleSize: 100 }, heavy(10, 10)],
  [{ artifactSize: 1000 }, answering(1)],
] as const)("the bound %o holds, with the message of Node", async (bound, module) => {
  const page = await openPage(site());
  const inPage = await compileIn(page, await provide(site(), "large", module), bound);
  const inNode = await outcomeOf(testCompiler(bound).compile(module, soft));
  expect(inPage).toEqual(inNode);
  expect(inPage.code).toBe("E_LIMIT");
});

test("a compiler in a page is of use again after a deadline and after an abort", async () => {
  const page = await openPage(site());
  const long = await provide(site(), "long", heavy(3000, 600));
  const outcomes = await page.evaluate(
    async ([path, short, options]) => {
      const module = new Uint8Array(await (await fetch(path)).arrayBuffer());
      const small = Uint8Array.from(short);
      const compiler = twinwall.createCompiler({ cacheDirectory: false, deadline: "2s" });
      const compile = compiler.compile.bind(compiler);
      const late = await twinwall.outcomeOf(compile(module, options));
      const afterLate = await twinwall.outcomeOf(compile(small, options));
      const controller = new AbortController();
      const running = twinwall.outcomeOf(compile(module, { ...options, signal: controller.signal }));
      const waiting = twinwall.outcomeOf(compile(small, { ...options, signal: controller.signal }));
      setTimeout(() => controller.abort(), 300);
      const aborted = [await running, await waiting];
      const afterAbort = await twinwall.outcomeOf(compile(small, options));
      const unfinished = twinwall.outcomeOf(compile(module, options));
      setTimeout(() => compiler.close(), 300);
      return { late, afterLate, aborted, afterAbort, closed: await unfinished };
    },
    [long, [...answering(1)], soft] as const,
  );
  const { bytes } = await outcomeOf(testCompiler().compile(answering(1), soft));
  expect(outcomes).toEqual({
    late: { code: "E_DEADLINE", message: expect.stringContaining("longer than 2000 ms") },
    afterLate: { bytes, fromCache: false },
    aborted: Array(2).fill({ code: "E_ABORTED", message: "E_ABORTED: the compilation was cancelled" }),
    afterAbort: { bytes, fromCache: false },
    closed: { code: "E_DISPOSED", message: expect.any(String) },
  });
}, 60_000);

test("prepare() starts the Worker, which then serves all modules", async () => {
  const page = await openPage(site());
  expect(page.workers()).toEqual([]);
  await prepareCompiler(page);
  const [worker] = page.workers();
  expect(await compileByKept(page, answering(1))).toMatchObject({ fromCache: false });
  expect(page.workers()).toEqual([worker]);
});

test("a Worker that breaks fails its job and is replaced", async () => {
  const page = await openPageWithCompiler();
  const [broken] = page.workers();
  await broken?.evaluate(() => {
    globalThis.postMessage = () => {
      throw new Error("cannot answer");
    };
  });
  expect(await compileByKept(page, answering(1))).toEqual({
    code: "E_INTERNAL",
    message: expect.stringContaining("cannot answer"),
  });
  expect(await compileByKept(page, answering(1))).toMatchObject({ fromCache: false });
  expect(page.workers()).toHaveLength(1);
  expect(page.workers()).not.toContain(broken);
});

test("deep nesting is compiled or refused in a page too, and harms nothing", async () => {
  const page = await openPageWithCompiler();
  const { code } = await compileByKept(page, nested(50_000));
  expect(["E_LIMIT", "E_UNSUPPORTED", undefined]).toContain(code);
  expect(await compileByKept(page, answering(1))).toMatchObject({ fromCache: false });
});

test("options of Node are refused", async () => {
  const page = await openPage(site());
  const refusals = await page.evaluate(() =>
    [{ cacheDirectory: "/tmp" }, { nativeProgram: "/bin/true" }, { deadline: 0 }].map((options) => {
      try {
        return twinwall.createCompiler(options as object);
      } catch (error) {
        return String(error);
      }
    }),
  );
  expect(refusals).toEqual([
    expect.stringMatching(/E_OPTION: cacheDirectory: "\/tmp"/),
    expect.stringMatching(/E_OPTION: nativeProgram: "\/bin\/true"/),
    expect.stringMatching(/E_OPTION: deadline: 0/),
  ]);
});

test("a Worker of the page compiles too", async () => {
  const page = await openPage(site());
  const outcome = await page.evaluate(
    (module) => twinwall.compileInWorker(Uint8Array.from(module)),
    [...answering(1)],
  );
  expect(outcome).toEqual(await outcomeOf(testCompiler().compile(answering(1), soft)));
});

test("the page works on Vite's development server as well", async () => {
  const server = await developConsumer(site().project);
  try {
    const context = await site().browser.newContext();
    const page = await context.newPage();
    await visit(page, server.resolvedUrls?.local[0] ?? "");
    const outcome = await page.evaluate(
      ([module, options]) =>
        twinwall.outcomeOf(twinwall.createCompiler().compile(Uint8Array.from(module), options)),
      [[...answering(1)], soft] as const,
    );
    expect(outcome).toEqual(await outcomeOf(testCompiler().compile(answering(1), soft)));
    await context.close();
  } finally {
    await server.close();
  }
}, 60_000);
