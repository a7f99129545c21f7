import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Compiler, type CompilerOptions, createCompiler } from "../src/index.js";

/** A new folder, removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "twinwall-compiler-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A compiler that is closed after the test; without cache and native program if the test does not ask for them. */
export function testCompiler(options: CompilerOptions = {}): Compiler {
  const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false, ...options });
  onTestFinished(() => compiler.close());
  return compiler;
}
