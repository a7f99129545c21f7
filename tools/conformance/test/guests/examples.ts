import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The example guest of `@twinwall/guest` in one language. */
export interface ExampleGuest {
  /** Name of its module, such as `c-freestanding`. */
  readonly name: string;
  /** What its function `language` says. */
  readonly language: string;
  /** Whether it lets its allocator's failures through as traps. */
  readonly trapsWithoutMemory: boolean;
  /** What a mistake in it is reported as; `undefined` where the language has no such thing. */
  readonly mistake?: RegExp;
  /** Whether a session can go on behind a mistake. */
  readonly goesOn?: boolean;
}

/** All of them. */
export const exampleGuests: readonly ExampleGuest[] = [
  {
    name: "rust",
    language: "Rust",
    trapsWithoutMemory: false,
    mistake: /panicked at src\/lib\.rs:\d+:\d+:\s*(?:\\n)?there is no text/,
    goesOn: false,
  },
  {
    name: "assemblyscript",
    language: "AssemblyScript",
    trapsWithoutMemory: true,
    mistake: /there is no text at examples\/assemblyscript\/guest\.ts:\d+:\d+/,
    goesOn: true,
  },
  { name: "c", language: "C", trapsWithoutMemory: false },
  { name: "c-freestanding", language: "C", trapsWithoutMemory: false },
  { name: "cpp-freestanding", language: "C++", trapsWithoutMemory: false },
];

const artifacts = join(
  dirname(createRequire(import.meta.url).resolve("@twinwall/guest/package.json")),
  "artifacts",
);

/** Why there is no module, for a test to be skipped with; `undefined` when there is one. */
export function missingModule(name: string): string | undefined {
  const list = join(artifacts, "c.json");
  const { problems } = (existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : { problems: {} }) as {
    problems: Record<string, string>;
  };
  if (problems[name] !== undefined) return `the guest ${name} could not be built: ${problems[name]}`;
  if (existsSync(join(artifacts, `${name}.wasm`))) return undefined;
  throw new Error(`the guest ${name} is not built; type: pnpm --filter @twinwall/guest run build:${name}`);
}

/** The module. */
export function moduleOf(name: string): Uint8Array {
  return readFileSync(join(artifacts, `${name}.wasm`));
}
