import { readdirSync, readFileSync } from "node:fs";

/** Folder of the crate `twinwall-vmm-kvm`; from `src` and from `dist`. */
export const coreCrate = new URL("../../../packages/vmm-kvm/rust/core/", import.meta.url);

/** Full names of a crate's tests, as `cargo test` prints them; those of a file in `tests` with the file's name in front. */
export function rustTests(crate: URL): ReadonlySet<string> {
  return new Set([...testsBelow(new URL("src/", crate)), ...testsBelow(new URL("tests/", crate))]);
}

function testsBelow(folder: URL): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".rs"))
    .flatMap((file) => testsOf(readFileSync(new URL(file, folder), "utf8"), moduleOf(file)));
}

/** The module that a file is: `a/b.rs` and `a/b/mod.rs` are `a::b`. */
function moduleOf(file: string): string[] {
  const names = file.replace(/\.rs$/, "").split(/[\\/]/);
  return names.filter((name, index) => index < names.length - 1 || !["lib", "main", "mod"].includes(name));
}

/** A block of which each name becomes part of names, or each row a test. */
interface Block {
  readonly indent: string;
  /** Of a module. */
  readonly name?: string;
}

/**
 * The tests in a file's text, those of its macros too. The sources are formatted: a block ends with a brace that stands as
 * far to the right as its beginning.
 */
export function testsOf(text: string, modules: readonly string[]): string[] {
  const found: string[] = [];
  const macros = testMacros(text);
  const open: Block[] = [];
  let isTest = false;
  for (const line of text.replaceAll(MACRO, "").split("\n")) {
    const [, indent = "", code = ""] = /^(\s*)(.*)$/.exec(line) ?? [];
    const inside = open.at(-1);
    const begun = blockOf(code, indent, macros);
    if (begun !== undefined) open.push(begun);
    else if (code === "}" && inside?.indent === indent) open.pop();
    else if (code === "#[test]") isTest = true;
    const isRow = inside !== undefined && inside.name === undefined;
    const name = isRow ? rowName(code) : functionName(code);
    if (name === undefined) continue;
    const names = [...modules, ...open.flatMap((block) => block.name ?? []), name];
    if (isTest || isRow) found.push(names.join("::"));
    isTest = false;
  }
  return found;
}

/** The block that begins in a line: a module, or a macro that makes tests. */
function blockOf(code: string, indent: string, macros: ReadonlySet<string>): Block | undefined {
  const name = /^(?:pub(?:\([^)]*\))? )?mod (\w+) \{$/.exec(code)?.[1];
  if (name !== undefined) return { indent, name };
  return macros.has(/^(\w+)! \{$/.exec(code)?.[1] ?? "") ? { indent } : undefined;
}

/** A macro's own text, in which nothing has a name yet. */
const MACRO = /^macro_rules! (\w+) \{\n([\s\S]*?)^\}/gm;

/** Macros of a file that make tests of rows `name: …`. */
function testMacros(text: string): ReadonlySet<string> {
  const macros = text.matchAll(MACRO);
  return new Set([...macros].flatMap(([, name = "", body = ""]) => (makesTests(body) ? [name] : [])));
}

const makesTests = (body: string): boolean => body.includes("#[test]") && body.includes("fn $name(");

const functionName = (code: string): string | undefined => /^(?:async )?fn (\w+)\(/.exec(code)?.[1];

const rowName = (code: string): string | undefined => /^(\w+): /.exec(code)?.[1];
