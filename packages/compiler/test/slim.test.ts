import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { serveFolder } from "@twinwall/tool-chromium";
import { expect, onTestFinished, test } from "vitest";
import { compilerWasm } from "../src/compiler-wasm.js";
import { createCompiler, type SlimCompilerOptions } from "../src/slim.js";
import { answering, assemble } from "./modules.js";
import { temporaryDirectory, testCompiler } from "./temporary.js";

const profile = { machine: "soft", fuel: true } as const;

function slimCompiler(wasm: SlimCompilerOptions["wasm"]): ReturnType<typeof createCompiler> {
  const compiler = createCompiler({ wasm, cacheDirectory: false, nativeProgram: false });
  onTestFinished(() => compiler.close());
  return compiler;
}

function compileBy(wasm: SlimCompilerOptions["wasm"]): Promise<unknown> {
  return slimCompiler(wasm).compile(answering(42), profile);
}

/** The compiler's file on a server of this machine. */
async function serveCompiler(type?: string): Promise<string> {
  const server = await serveFolder(
    new URL(".", compilerWasm).pathname,
    type === undefined ? {} : { types: { ".wasm": type } },
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  return `${server.origin}/compiler_bg.wasm`;
}

const ways: [name: string, wasm: () => Promise<{ wasm: SlimCompilerOptions["wasm"] }>][] = [
  ["a file's address", async () => ({ wasm: compilerWasm })],
  ["a file's address as text", async () => ({ wasm: compilerWasm.href })],
  ["an address on a server", async () => ({ wasm: await serveCompiler() })],
  ["an answer of a server", async () => ({ wasm: await fetch(await serveCompiler()) })],
  ["an answer to come", async () => ({ wasm: fetch(await serveCompiler()) })],
  ["an answer of another type", async () => ({ wasm: fetch(await serveCompiler("text/plain")) })],
  ["bytes", async () => ({ wasm: await readFile(compilerWasm) })],
  ["a buffer", async () => ({ wasm: new Uint8Array(await readFile(compilerWasm)).buffer })],
  ["a module", async () => ({ wasm: await WebAssembly.compile(await readFile(compilerWasm)) })],
  [
    "a module to come",
    async () => ({ wasm: readFile(compilerWasm).then((file) => WebAssembly.compile(file)) }),
  ],
];

test.each(ways)("takes the compiler as %s, with the same result", async (_, way) => {
  const { wasm } = await way();
  expect(await compileBy(wasm)).toEqual(await testCompiler().compile(answering(42), profile));
});

test("refuses an option that it does not know", () => {
  expect(() => createCompiler({ wasm: compilerWasm, fuel: true } as never)).toThrow(
    /^E_OPTION: createCompiler: unknown option "fuel"; known are .*, wasm$/,
  );
});

test.each([undefined, null])("refuses %s at once", (wasm) => {
  expect(() => createCompiler({ wasm } as never)).toThrow(/^E_OPTION: wasm: .*compiler\.wasm/);
});

test.each<[name: string, wasm: unknown, code: string, message: RegExp]>([
  ["a number", 42, "E_OPTION", /^wasm: 42 is neither/],
  [
    "bytes that are no module",
    Uint8Array.of(1, 2, 3),
    "E_OPTION",
    /^the compiler's WebAssembly module was refused: /,
  ],
  ["another module", answering(1), "E_OPTION", /^wasm: .* is not Twinwall's compiler$/],
  ["a path", "no/such/file.wasm", "E_NO_FILE", /^the compiler could not be loaded: Invalid URL/],
  ["a missing file", new URL("missing.wasm", compilerWasm), "E_NO_FILE", /missing\.wasm/],
  ["a closed port", "http://127.0.0.1:1/compiler.wasm", "E_NO_FILE", /^the compiler could not be loaded: /],
])("%s is an error of the first module", async (_, wasm, code, message) => {
  const failure = await compileBy(wasm as never).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, rawMessage: expect.stringMatching(message) });
});

test("an answer that is an error is one", async () => {
  const server = await serveFolder(await temporaryDirectory());
  onTestFinished(() => server[Symbol.asyncDispose]());
  await expect(compileBy(`${server.origin}/compiler.wasm`)).rejects.toMatchObject({
    code: "E_NO_FILE",
    rawMessage: expect.stringContaining("/compiler.wasm was answered with status 404"),
  });
});

test("a Worker that dies fails its job, and the next one has another", async () => {
  const text = `(module
    (func $boom unreachable)
    (start $boom)
    (func (export "compile")) (func (export "last_words")) (func (export "outcome_take_artifact")))`;
  const compiler = slimCompiler(assemble(text));
  for (const _ of [1, 2]) {
    await expect(compiler.compile(answering(1), profile)).rejects.toMatchObject({
      code: "E_INTERNAL",
      rawMessage: expect.stringMatching(/^the compiler's Worker ended: unreachable/),
    });
  }
});

test("an answer that never comes is bounded by the deadline, by an abort and by close()", async () => {
  const wasm = new Promise<never>(() => undefined);
  const compiler = createCompiler({ wasm, cacheDirectory: false, nativeProgram: false, deadline: "200ms" });
  await expect(compiler.compile(answering(1), profile)).rejects.toMatchObject({ code: "E_DEADLINE" });
  const controller = new AbortController();
  const aborted = compiler.compile(answering(1), { ...profile, signal: controller.signal });
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ code: "E_ABORTED" });
  const closed = expect(compiler.compile(answering(1), profile)).rejects.toMatchObject({
    code: "E_DISPOSED",
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await compiler.close();
  await closed;
});

test("a compiler that nobody needs may be missing", async () => {
  const script = `
    import { createCompiler } from ${JSON.stringify(new URL("../dist/slim.js", import.meta.url).href)};
    createCompiler({ wasm: Promise.reject(new Error("no compiler")) });
    setTimeout(() => console.log("alive"), 50);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toBe("alive\n");
});
