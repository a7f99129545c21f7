import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { answering } from "./modules.js";
import { testCompiler } from "./temporary.js";

const profile = { machine: "kvm", fuel: false } as const;

test("modules that come while the compiler warms up are not kept waiting for the end", async () => {
  const compiler = testCompiler();
  let prepared = false;
  const preparation = compiler.prepare().then(() => {
    prepared = true;
  });
  await compiler.compile(answering(1), profile);
  expect(prepared).toBe(false);
  await preparation;
  await expect(compiler.compile(answering(2), profile)).resolves.toMatchObject({ fromCache: false });
});

test("what was prepared once is not prepared again", async () => {
  const compiler = testCompiler();
  await Promise.all([compiler.prepare("soft"), compiler.prepare("soft")]);
  // Nothing is left to wait for: not even a compilation under way.
  const order: string[] = [];
  const busy = compiler.compile(answering(1), profile).then(() => order.push("compiled"));
  await compiler.prepare("soft").then(() => order.push("prepared"));
  await busy;
  expect(order).toEqual(["prepared", "compiled"]);
});

test("bounds for modules do not concern it", async () => {
  await testCompiler({ memory: 1, moduleSize: 1, artifactSize: 1 }).prepare();
});

test("a deadline ends it, and it can be tried again", async () => {
  const compiler = testCompiler({ deadline: "1ms" });
  await expect(compiler.prepare()).rejects.toMatchObject({ code: "E_DEADLINE" });
  await expect(compiler.prepare()).rejects.toMatchObject({ code: "E_DEADLINE" });
});

test("close() ends it, and forbids it", async () => {
  const compiler = testCompiler();
  const preparation = expect(compiler.prepare()).rejects.toMatchObject({ code: "E_DISPOSED" });
  await compiler.close();
  await preparation;
  await expect(compiler.prepare()).rejects.toMatchObject({ code: "E_DISPOSED" });
});

test("a machine that does not exist is refused", async () => {
  await expect(testCompiler().prepare("xen" as never)).rejects.toMatchObject({
    code: "E_OPTION",
    rawMessage: expect.stringContaining('"xen"'),
  });
});

test("a compiler that is ready does not keep the process alive", async () => {
  const script = `
    import { createCompiler } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
    createCompiler().prepare().then(() => console.log("ready"));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toBe("ready\n");
}, 30_000);
