import { readFileSync } from "node:fs";
import { packageFile } from "./paths.js";

/** A compute kernel: a module without imports, whose export `(i32) -> i64` returns a checksum of its work. */
export interface Kernel {
  readonly name: string;
  /** What it makes an engine do. */
  readonly stresses: string;
  /** Absolute path of the module. */
  readonly path: string;
  readonly export: string;
  readonly argument: number;
  readonly expected: bigint;
}

interface ListedKernel extends Omit<Kernel, "path" | "expected"> {
  readonly file: string;
  readonly expected: string;
}

const compileSampleName = "mixed";

function listedKernels(): Kernel[] {
  const list = JSON.parse(readFileSync(packageFile("kernels.json"), "utf8")) as ListedKernel[];
  return list.map(({ file, expected, ...kernel }) => ({
    ...kernel,
    path: packageFile(`artifacts/kernels/${file}`),
    expected: BigInt(expected),
  }));
}

/** The kernels of the benchmark, each sized to take V8 some 5 to 15 ms. */
export function kernels(): Kernel[] {
  return listedKernels().filter(({ name }) => name !== compileSampleName);
}

/** The module of about 150 KB that the benchmark takes the time of compiling with; a kernel like the others. */
export function compileSample(): Kernel {
  const sample = listedKernels().find(({ name }) => name === compileSampleName);
  if (!sample) throw new Error(`kernels.json lists no kernel ${compileSampleName}`);
  return sample;
}
