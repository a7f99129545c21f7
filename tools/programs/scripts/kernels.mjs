import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { artifacts, packageDirectory, root } from "./paths.mjs";
import { run } from "./run.mjs";

const manifest = `${packageDirectory}/kernels/Cargo.toml`;
const built = `${root}/target/kernels`;

/** Builds the compute kernels, one module each, into `artifacts/kernels`. */
export async function buildKernels() {
  const options = ["--release", "--locked", "--quiet", "--target", "wasm32-unknown-unknown"];
  await run("cargo", ["build", "--manifest-path", manifest, "--target-dir", built, ...options]);
  mkdirSync(`${artifacts}/kernels`, { recursive: true });
  for (const file of kernelFiles())
    copyFileSync(`${built}/wasm32-unknown-unknown/release/${file}`, `${artifacts}/kernels/${file}`);
}

/** Whether every kernel of the list has its module. */
export function kernelsArePresent() {
  return kernelFiles().every((file) => existsSync(`${artifacts}/kernels/${file}`));
}

/** @returns {string[]} */
function kernelFiles() {
  /** @type {Array<{ file: string }>} */
  const list = JSON.parse(readFileSync(`${packageDirectory}/kernels.json`, "utf8"));
  return list.map(({ file }) => file);
}
