import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compileSample, type Kernel, kernels } from "../src/index.js";
import { checksum, checksumOfBytes, doubleBits, Random } from "./kernel-reference.js";

const missing = kernels().some(({ path }) => !existsSync(path));
const notBuilt = "the kernels are not built; type: pnpm --filter @twinwall/programs run build:rust";

function runInV8(kernel: Kernel): bigint {
  const module = new WebAssembly.Module(readFileSync(kernel.path));
  const run = new WebAssembly.Instance(module).exports[kernel.export] as (size: number) => bigint;
  return run(kernel.argument);
}

describe.each([...kernels(), compileSample()])("kernel $name", (kernel) => {
  test("V8 gets the listed checksum, on a module that imports nothing", ({ skip }) => {
    skip(missing, notBuilt);
    expect(WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(kernel.path)))).toEqual([]);
    expect(runInV8(kernel)).toBe(kernel.expected);
  });
});

test("the module for the time of compiling has about 150 KB", ({ skip }) => {
  skip(missing, notBuilt);
  expect(Math.abs(statSync(compileSample().path).size - 150_000)).toBeLessThan(15_000);
});

/** The same work done in another way, from the same numbers. */
const otherWays: Record<string, (size: number) => bigint> = {
  fib: (size) => {
    let [now, next] = [0n, 1n];
    for (let index = 0; index < size; index++) [now, next] = [next, now + next];
    return now;
  },
  sha256: (size) => {
    const bytes = new Random(1).bytes(size * 1024);
    return createHash("sha256").update(bytes).digest().readBigInt64BE();
  },
  sort: (size) => {
    const random = new Random(2);
    return checksum(Uint32Array.from({ length: size }, () => random.next()).sort());
  },
  matrix: (size) => {
    const random = new Random(4);
    const fill = () => Float64Array.from({ length: size * size }, () => random.next() / 2 ** 32);
    const [left, right] = [fill(), fill()];
    const product = Array.from({ length: size * size }, (_, at) => {
      let sum = 0;
      const [row, column] = [Math.floor(at / size), at % size];
      for (let inner = 0; inner < size; inner++)
        sum += (left[row * size + inner] ?? 0) * (right[inner * size + column] ?? 0);
      return doubleBits(sum);
    });
    return checksum(product);
  },
  base64: (size) =>
    checksumOfBytes(Buffer.from(Buffer.from(new Random(7).bytes(size * 1024)).toString("base64"))),
  crc32: (size) => BigInt(crc32(new Random(8).bytes(size * 1024))),
  sieve: (size) => {
    const primes = [2];
    for (let number = 3; number < size; number += 2) {
      let prime = true;
      for (const divisor of primes) {
        if (divisor * divisor > number) break;
        if (number % divisor === 0) {
          prime = false;
          break;
        }
      }
      if (prime) primes.push(number);
    }
    return BigInt(primes.length);
  },
  search: (size) => {
    const text = Buffer.from(new Random(9).text(size * 1024));
    const found = ["machine of", "snapshot and the", "never there"].flatMap((word) => {
      const places = [];
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) places.push(at);
      return places;
    });
    return checksum(found);
  },
  regex: (size) => {
    const text = new Random(5).text(size * 1024);
    const pattern = /\b(?:sn[a-z]+t|mach(?:ine)?|[0-9]{2,3})\b\s+(?:of|to|is|a)\b/g;
    return checksum(
      [...text.matchAll(pattern)].flatMap((match) => [match.index, match.index + match[0].length]),
    );
  },
};

test.each(Object.entries(otherWays))(
  "%s gives the same in another way",
  { timeout: 60_000 },
  (name, compute) => {
    const kernel = kernels().find((one) => one.name === name);
    expect(kernel && compute(kernel.argument)).toBe(kernel?.expected);
  },
);
