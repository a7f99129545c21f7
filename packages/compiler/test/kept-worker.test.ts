import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compilerWasm } from "../src/compiler-wasm.js";
import { describeWit } from "../src/index.js";
import { KeptBackend } from "../src/kept-backend.js";
import { readBounds } from "../src/options.js";
import type { DescribeRequest } from "../src/worker-protocol.js";

const small = { "a.wit": "package a:b; world w { export f: func(); }" };

/** A world that takes most of a second to read. */
function largeWorld(): Record<string, string> {
  const row = (_: unknown, index: number) =>
    `f-n${index}: func(a: list<tuple<u8, string>>, b: option<u32>) -> result<u8, string>;`;
  const rows = Array.from({ length: 20_000 }, row);
  return { "a.wit": `package a:b; interface i { ${rows.join(" ")} } world w { export i; }` };
}

const large = largeWorld();

function request(files: Readonly<Record<string, string>>): DescribeRequest {
  const { memoryBytes } = readBounds({});
  return { kind: "describe", files: Object.entries(files), world: undefined, utf16: false, memoryBytes };
}

const bounds = (deadline: `${number}ms`) => readBounds({ deadline });

test("a Worker is kept for the next job, and one that comes meanwhile gets another", async () => {
  const workers = new KeptBackend(compilerWasm);
  const first = workers.take();
  const other = workers.take();
  expect(other).not.toBe(first);
  await first.describe(request(small), bounds("60000ms"));
  await workers.giveBack(first);
  const again = workers.take();
  expect(again).toBe(first);
  await again.describe(request(small), bounds("60000ms"));
  await workers.giveBack(again);
  // There is one already: this one goes.
  const running = other.describe(request(large), bounds("60000ms"));
  await workers.giveBack(other);
  await expect(running).rejects.toMatchObject({ code: "E_DISPOSED" });
  expect(workers.take()).toBe(first);
  await first.close();
});

test("a text that takes too long is ended, and the next one is read", async () => {
  const expected = await describeWit(small);
  for (let round = 0; round < 2; round += 1) {
    await expect(describeWit(large, { deadline: "30ms" })).rejects.toMatchObject({ code: "E_DEADLINE" });
    expect(await describeWit(small)).toEqual(expected);
  }
});

test("texts at the same time do not wait for one another", async () => {
  const slow = describeWit(large);
  const order: string[] = [];
  await Promise.all([
    slow.then(() => order.push("large")),
    describeWit(small).then(() => order.push("small")),
  ]);
  expect(order).toEqual(["small", "large"]);
});

test("nothing of a text is there for the next", async () => {
  await describeWit({ "a.wit": "package a:b; interface i { f: func(); } world w { export i; }" });
  await expect(describeWit({ "c.wit": "package c:d; world v { export a:b/i; }" })).rejects.toMatchObject({
    code: "E_BAD_MODULE",
  });
});

test("a Worker that is kept, or was ended at work, does not keep the process alive", async () => {
  const script = `
    import { describeWit } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
    await describeWit((${String(largeWorld)})(), { deadline: "30ms" }).catch((error) => console.log(error.code));
    const begun = performance.now();
    await describeWit(${JSON.stringify(small)});
    process.on("exit", () => console.log(performance.now() - begun < 8000 ? "soon" : "late"));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toBe("E_DEADLINE\nsoon\n");
}, 30_000);
