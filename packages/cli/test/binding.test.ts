import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeWorld, TwinwallError, type WitType, type World } from "@twinwall/abi";
import { describeWit } from "@twinwall/compiler";
import { resultError, Sandbox } from "@twinwall/sandbox";
import { types, valuesOf } from "@twinwall/tool-wit-values";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { assemblyScriptBinding } from "../src/bindgen/assemblyscript/index.js";
import { Names } from "../src/bindgen/assemblyscript/names.js";
import { unifyTypes } from "../src/bindgen/unify.js";
import { machine, noMachine } from "./support/machine.js";
import { WitText } from "./support/wit-text.js";

const directory = mkdtempSync(join(tmpdir(), "twinwall-binding-"));
afterAll(() => rmSync(directory, { recursive: true }));

const asc = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));

/** Compiles a guest with its binding. */
async function build(
  wit: string,
  guest: string | ((names: Names, world: World) => string),
): Promise<Uint8Array> {
  const { world: bytes, section } = await describeWit({ "world.wit": wit }, { stringEncoding: "utf16" });
  const world = unifyTypes(decodeWorld(bytes));
  const folder = mkdtempSync(join(directory, "guest-"));
  const bindings = join(folder, "bindings");
  mkdirSync(bindings);
  for (const [name, text] of Object.entries(assemblyScriptBinding(world, section)))
    writeFileSync(join(bindings, name), text);
  const text = typeof guest === "string" ? guest : guest(new Names(world), world);
  writeFileSync(join(folder, "guest.ts"), text);
  const output = join(folder, "guest.wasm");
  const options = ["--transform", join(bindings, "transform.mjs"), "--use", "abort=", "--optimize"];
  try {
    execFileSync(process.execPath, [asc, join(bindings, "entry.ts"), ...options, "--outFile", output], {
      stdio: "pipe",
    });
  } catch (error) {
    throw new Error(`${(error as { stderr: Buffer }).stderr}\n${wit}`);
  }
  return readFileSync(output);
}

/** Flags beyond 32 are no WIT. */
function isWit(type: WitType): boolean {
  return !JSON.stringify(type, (_, part) =>
    part?.kind === "flags" && part.names.length > 32 ? "too many" : part,
  ).includes("too many");
}

describe.skipIf(noMachine !== undefined)(`bindings in AssemblyScript (${noMachine ?? machine})`, () => {
  it("pass values of any type on to the host and back", { timeout: 300_000 }, async () => {
    const found = fc.sample(types, { numRuns: 60, seed: 7 }).filter(isWit);
    const text = new WitText();
    const shown = found.map((type) => text.of(type));
    const functions = shown.map((type, index) => {
      const next = shown[(index + 1) % shown.length];
      return `pair${index}: func(a: ${type}, b: ${next}) -> tuple<${type}, ${next}>;`;
    });
    const both = functions.map((one) => `  import host-${one}\n  export ${one}`);
    const module = await build(
      `package test:pairs;\nworld pairs {\n${text.declarations}\n${both.join("\n")}\n}\n`,
      (names, world) => {
        const lines = world.exports.map(({ name, parameters, result }) => {
          const [a, b] = parameters.map((one) => names.type(one.type, "world."));
          const answer = result && names.type(result, "world.");
          const host = `world.hostP${name.slice(1)}`;
          return `export function ${name}(a: ${a}, b: ${b}): ${answer} {\n  return ${host}(a, b);\n}`;
        });
        return `import * as world from "./bindings/world";\n\n${lines.join("\n")}\n`;
      },
    );
    const host = Object.fromEntries(
      found.map((_, index) => [`hostPair${index}`, (a: unknown, b: unknown) => [a, b]]),
    );
    await using sandbox = await Sandbox.create({ module, machine, host, limits: { deadline: "10s" } });
    using session = sandbox.session();
    for (const [index, type] of found.entries()) {
      const next = found[(index + 1) % found.length] ?? type;
      const pairs = fc.tuple(valuesOf(type), valuesOf(next));
      for (const [a, b] of fc.sample(pairs, { numRuns: 20, seed: index })) {
        // Within a session memory is used again, and outside of one it is new.
        expect(session.call(`pair${index}`, a, b), functions[index]).toEqual([a, b]);
      }
    }
    session.finish();
    for (const [index, type] of found.entries()) {
      const [a] = fc.sample(valuesOf(type), 1);
      const [b] = fc.sample(valuesOf(found[(index + 1) % found.length] ?? type), 1);
      expect(sandbox.call(`pair${index}`, a, b), functions[index]).toEqual([a, b]);
    }
  });

  const wit = `package test:things;
interface loggers {
  resource logger {
    constructor(name: string);
    log: func(text: string) -> u32;
    level: static func(loud: bool) -> result<u8, string>;
  }
  open: func(name: string) -> option<logger>;
  close: func(one: logger) -> string;
}
interface shop {
  use loggers.{logger};
  resource basket {
    constructor(owner: string);
    add: func(item: string) -> u32;
    items: func() -> list<string>;
    join: static func(baskets: list<basket>) -> basket;
  }
  total: func(baskets: list<borrow<basket>>) -> u32;
  report: func(to: borrow<logger>, text: string) -> u32;
  keep: func(one: logger) -> string;
  level: func(loud: bool) -> result<u8, string>;
  many: func(a: string, b: string, c: string, d: string, e: u8, f: s64, g: f32, h: f64, i: char, j: bool) -> string;
}
world things { import loggers; export shop; }`;

  const guest = `import { Logger, loggers, Result } from "./bindings/world";

export namespace shop {
  export class Basket {
    private content: string[] = [];

    constructor(readonly owner: string) {}

    add(item: string): u32 {
      return this.content.push(item);
    }

    items(): string[] {
      return this.content;
    }

    static join(baskets: Basket[]): Basket {
      const all = new Basket(baskets.length > 0 ? baskets[0].owner : "nobody");
      for (let i = 0; i < baskets.length; i++) all.content = all.content.concat(baskets[i].content);
      return all;
    }
  }

  export function total(baskets: Basket[]): u32 {
    let sum = 0;
    for (let i = 0; i < baskets.length; i++) sum += baskets[i].items().length;
    return sum;
  }

  export function report(to: Logger, text: string): u32 {
    const other = new Logger("other");
    other.log("of the guest's own");
    other.drop();
    const opened = loggers.open("door");
    if (opened.isSome) loggers.close(opened.value);
    return to.log(text);
  }

  export function keep(one: Logger): string {
    return loggers.close(one);
  }

  export function level(loud: bool): Result<u8, string> {
    return Logger.level(loud);
  }

  export function many(
    a: string, b: string, c: string, d: string, e: u8, f: i64, g: f32, h: f64, i: u32, j: bool,
  ): string {
    return [a, b, c, d, e.toString(), f.toString(), g.toString(), h.toString(), String.fromCodePoint(i), j.toString()].join("|");
  }
}
`;

  it("have the host's objects, and give out their own", { timeout: 120_000 }, async () => {
    const log: string[] = [];
    let dropped = 0;
    class Logger {
      constructor(readonly name: string) {}
      log(text: string): number {
        return log.push(`${this.name}: ${text}`);
      }
      static level(loud: boolean): number {
        if (loud) return 7;
        throw resultError("not loud");
      }
      [Symbol.dispose](): void {
        dropped++;
      }
    }
    const host = {
      "test:things/loggers": {
        Logger,
        open: (name: string) => (name === "wall" ? undefined : new Logger(name)),
        close: (one: Logger) => one.name,
      },
    };
    const module = await build(wit, guest);
    await using sandbox = await Sandbox.create({ module, machine, host });
    using session = sandbox.session();
    interface Basket {
      add(item: string): number;
      items(): string[];
      [Symbol.dispose](): void;
    }
    const [a, b] = ["ann", "bob"].map((owner) => session.call("[constructor]basket", owner) as Basket) as [
      Basket,
      Basket,
    ];
    expect([a.add("tea"), a.add("milk"), b.add("salt 🧂")]).toEqual([1, 2, 1]);
    expect(session.call("total", [a, b, a])).toBe(5);
    const joined = session.call("[static]basket.join", [a, b]) as Basket;
    expect(joined.items()).toEqual(["tea", "milk", "salt 🧂"]);
    joined[Symbol.dispose]();
    const mine = new Logger("mine");
    expect(session.call("report", mine, "hello")).toBe(2);
    expect(session.call("report", mine, "again")).toBe(4);
    expect(log).toEqual([
      "other: of the guest's own",
      "mine: hello",
      "other: of the guest's own",
      "mine: again",
    ]);
    expect(session.call("keep", mine)).toBe("mine");
    expect(session.call("level", true)).toBe(7);
    expect(() => session.call("level", false)).toThrow(expect.objectContaining({ payload: "not loud" }));
    expect(session.call("many", "a", "b", "", "d", 5, -6n, 1.5, 2.25, "😀", true)).toBe(
      "a|b||d|5|-6|1.5|2.25|😀|true",
    );
    session.finish();
    expect(dropped).toBeGreaterThanOrEqual(2);
  });
});

describe("bindings in AssemblyScript", () => {
  it("need WIT, and names for its types", () => {
    const type: WitType = { kind: "enum", cases: ["a", "b"] };
    const exports = [{ name: "f", interfaceName: undefined, parameters: [], result: type }];
    const world = { name: "a:b/c", resources: [], imports: [], exports };
    expect(() => assemblyScriptBinding(world, new Uint8Array())).toThrow(TwinwallError);
  });
});
