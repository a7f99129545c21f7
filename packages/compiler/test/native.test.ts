import { existsSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { compilerWasm } from "../src/compiler-wasm.js";
import { describeCompiler } from "../src/description.js";
import type { Job } from "../src/job.js";
import { packageFile } from "../src/node/files.js";
import { NativeBackend } from "../src/node/native-backend.js";
import { readBounds } from "../src/options.js";
import { WorkerBackend } from "../src/worker-backend.js";
import { assemble, heavy, variety } from "./modules.js";

const program = packageFile("artifacts/twinwall-compiler-native");

beforeEach((context) => {
  context.skip(
    !existsSync(program),
    "the native compiler is not built (pnpm --filter @twinwall/compiler build:native)",
  );
});

function job(module: Uint8Array, profile: Pick<Job, "machine" | "fuel">, options = {}): Job {
  return { module: new Uint8Array(module), ...profile, bounds: readBounds(options) };
}

const modules = Object.entries({
  ...Object.fromEntries(Object.entries(variety).map(([name, text]) => [name, assemble(text)])),
  heavy: heavy(60, 100),
});

test.each(modules)(
  "native and WebAssembly compiler give the same bytes for %s",
  { timeout: 60_000 },
  async (_, module) => {
    const [native, worker] = [new NativeBackend(program), new WorkerBackend(compilerWasm)];
    for (const machine of ["kvm", "soft"] as const) {
      for (const fuel of [false, true]) {
        const [one, other] = await Promise.all(
          [native, worker].map((backend) => backend.compile(job(module, { machine, fuel }), undefined)),
        );
        expect(Buffer.compare(one ?? new Uint8Array(), other ?? new Uint8Array(1))).toBe(0);
      }
    }
    await worker.close();
  },
);

test.each([
  ["not Wasm", new TextEncoder().encode("no module at all")],
  ["truncated", heavy(5, 5).subarray(0, 60)],
  ["unsupported", assemble("(module (memory 1 1 shared))")],
])("both say the same of a bad module: %s", async (_, module) => {
  const worker = new WorkerBackend(compilerWasm);
  const failures = await Promise.all(
    [new NativeBackend(program), worker].map((backend) =>
      backend
        .compile(job(module, { machine: "kvm", fuel: false }), undefined)
        .catch((error: unknown) => error),
    ),
  );
  await worker.close();
  const [one, other] = failures as { code: string; message: string }[];
  expect(one?.code).toMatch(/^E_(BAD_MODULE|UNSUPPORTED)$/);
  expect(one?.message).toBe(other?.message);
});

test("the native compiler keeps deadline and memory limit", async () => {
  const profile = { machine: "kvm", fuel: false } as const;
  const native = new NativeBackend(program);
  const late = native.compile(job(heavy(3000, 600), profile, { deadline: "300ms" }), undefined);
  await expect(late).rejects.toMatchObject({ code: "E_DEADLINE" });
  const large = native.compile(job(heavy(3000, 600), profile, { memory: 0 }), undefined);
  await expect(large).rejects.toMatchObject({ code: "E_LIMIT" });
}, 60_000);

test("the description names the compiler that was built", () => {
  expect(describeCompiler().sha256).toMatch(/^[0-9a-f]{64}$/);
});
