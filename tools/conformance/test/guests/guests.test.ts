import {
  type HostFunction,
  hostFunction,
  Sandbox,
  type SandboxOptions,
  TwinwallError,
  t,
} from "@twinwall/sandbox";
import { afterEach, describe, expect, test } from "vitest";
import { machines } from "../machine.js";
import { exampleGuests, missingModule, moduleOf } from "./examples.js";

const none = new Uint8Array(0);
const megabyte = 1 << 20;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const dictionary = new Map([
  ["wall", "what keeps things apart"],
  ["größe", "x".repeat(10_000)],
]);
const lookup = hostFunction({ params: [t.bytes], result: t.bytes }, (word) =>
  utf8(dictionary.get(textOf(word)) ?? ""),
);

function errorOf(attempt: () => unknown): TwinwallError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof TwinwallError) return error;
    throw error;
  }
  throw new Error("expected an error, but there was none");
}

function allAre(bytes: Uint8Array, length: number, byte: number): boolean {
  return bytes.length === length && bytes.every((one) => one === byte);
}

const runs = exampleGuests.flatMap((guest) =>
  machines.map(({ machine, missing }) => ({
    ...guest,
    machine,
    missing: missing ?? missingModule(guest.name),
  })),
);

describe.each(runs)(
  "the guest $name on $machine",
  ({ name, language, machine, missing, trapsWithoutMemory, mistake, goesOn }) => {
    const open: Sandbox[] = [];
    afterEach(() => {
      for (const sandbox of open.splice(0)) sandbox.close();
    });

    async function create(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
      const { limits, ...others } = options;
      const sandbox = await Sandbox.create({
        module: moduleOf(name),
        machine,
        host: { lookup },
        limits: { deadline: "10s", resultBytes: "2MiB", ...limits },
        ...others,
      });
      open.push(sandbox);
      return sandbox;
    }

    /** A test that is skipped where there is no machine or no module. */
    function check(what: string, body: () => Promise<void>): void {
      test(what, async ({ skip }) => {
        skip(missing !== undefined, missing);
        await body();
      });
    }

    check("functions on bytes and on scalars", async () => {
      const sandbox = await create();
      const call = (name: string, input: string) => textOf(sandbox.callBytes(name, utf8(input)));
      expect(call("language", "")).toBe(language);
      expect(call("upper", "Zwei Wände, größer")).toBe("ZWEI WäNDE, GRößER");
      expect(call("trim", " \t two walls \r\n")).toBe("two walls");
      expect(call("trim", "walls")).toBe("walls");
      expect(call("greet", "Größe")).toBe("Hello, Größe!");
      expect(sandbox.call("add", 2 ** 31 - 1, 1)).toBe(-(2 ** 31));
      expect(sandbox.call("divide", -7, 2)).toBe(-3);
      expect(sandbox.call("divide", -(2 ** 31), -1)).toBe(-(2 ** 31));
    });

    check("no bytes, in and out", async () => {
      const sandbox = await create();
      for (const name of ["upper", "trim", "collect"]) expect(sandbox.callBytes(name, none)).toEqual(none);
      expect(sandbox.callBytes("trim", utf8(" \n "))).toEqual(none);
      expect(textOf(sandbox.callBytes("greet", none))).toBe("Hello, !");
      expect(textOf(sandbox.callBytes("count_words", none))).toBe("0 words, 0 known");
      expect(sandbox.callBytes("zeros", utf8("0"))).toEqual(none);
    });

    check("a megabyte, in and out", async () => {
      const sandbox = await create();
      const input = new Uint8Array(megabyte).fill(0x61);
      const session = sandbox.session();
      for (let call = 0; call < 3; call++) {
        expect(allAre(session.callBytes("upper", input), megabyte, 0x41)).toBe(true);
        expect(allAre(session.callBytes("zeros", utf8(String(megabyte))), megabyte, 0)).toBe(true);
      }
    });

    check("host functions", async () => {
      const asked: string[] = [];
      const sandbox = await create({
        host: {
          lookup: hostFunction({ params: [t.bytes], result: t.bytes }, (word) => {
            asked.push(textOf(word));
            return utf8(dictionary.get(textOf(word)) ?? "");
          }),
        },
      });
      const text = "a wall\nis a\t größe ";
      expect(textOf(sandbox.callBytes("count_words", utf8(text)))).toBe("5 words, 2 known");
      expect(asked.slice(0, 5)).toEqual(["a", "wall", "is", "a", "größe"]);
      expect(textOf(await sandbox.callAsync("count_words", utf8(text)))).toBe("5 words, 2 known");
    });

    check("a host function that fails", async () => {
      const failing: HostFunction = hostFunction({ params: [t.bytes], result: t.bytes }, () => {
        throw new RangeError("no dictionary");
      });
      const sandbox = await create({ host: { lookup: failing } });
      expect(errorOf(() => sandbox.callBytes("count_words", utf8("wall"))).code).toBe("E_HOST_FUNCTION");
      expect(textOf(sandbox.callBytes("count_words", utf8(" ")))).toBe("0 words, 0 known");
    });

    check("init data", async () => {
      const sandbox = await create({ init: utf8("Grüß Gott") });
      expect(textOf(sandbox.callBytes("greet", utf8("wall")))).toBe("Grüß Gott, wall!");
      expect(textOf(sandbox.callBytes("greet", utf8("wall")))).toBe("Grüß Gott, wall!");
      await expect(create({ init: Uint8Array.of(0x61, 0xff) })).rejects.toMatchObject({
        code: "E_GUEST_ERROR",
        guestCode: -2,
      });
    });

    check("a clean slate for each call, and state in a session", async () => {
      const sandbox = await create();
      expect([sandbox.call("count"), sandbox.call("count")]).toEqual([1, 1]);
      expect(textOf(sandbox.callBytes("collect", utf8("a")))).toBe("a");
      const session = sandbox.session();
      expect([session.call("count"), session.call("count"), session.call("count")]).toEqual([1, 2, 3]);
      const collected = ["one", "", " two", " three"].map((part) =>
        textOf(session.callBytes("collect", utf8(part))),
      );
      expect(collected).toEqual(["one", "one", "one two", "one two three"]);
      session.finish();
      expect(textOf(sandbox.callBytes("collect", utf8("b")))).toBe("b");
    });

    check("failures, which keep a session", async () => {
      const sandbox = await create();
      const session = sandbox.session();
      for (let round = 1; round <= 3; round++) {
        const division = errorOf(() => session.call("divide", 1, 0));
        expect(division).toMatchObject({ code: "E_GUEST_ERROR", guestCode: 7 });
        expect(division.message).toMatch(/division by zero$/);
        const refusal = errorOf(() => session.callBytes("refuse", utf8("zu groß")));
        expect(refusal).toMatchObject({ code: "E_GUEST_ERROR", guestCode: 42 });
        expect(refusal.message).toMatch(/zu groß$/);
        const number = errorOf(() => session.callBytes("zeros", utf8("-1")));
        expect(number).toMatchObject({ code: "E_GUEST_ERROR", guestCode: 1 });
        expect(session.call("count")).toBe(round);
      }
      expect(errorOf(() => sandbox.call("count")).code).toBe("E_BUSY");
      session.finish();
      expect(errorOf(() => sandbox.callBytes("refuse", new Uint8Array(megabyte).fill(0x61))).message).toMatch(
        /a{4096}/,
      );
    });

    check("text that is none", async () => {
      const session = (await create()).session();
      for (const name of ["greet", "count_words", "refuse"]) {
        const error = errorOf(() => session.callBytes(name, Uint8Array.of(0x61, 0xc3, 0x28)));
        expect(error).toMatchObject({ code: "E_GUEST_ERROR", guestCode: -2 });
        expect(error.message).toMatch(/the input is not UTF-8/);
      }
      expect(session.call("count")).toBe(1);
    });

    // C has no such thing.
    if (mistake !== undefined)
      check("a mistake of the guest's own", async () => {
        const sandbox = await create();
        const session = sandbox.session();
        expect(session.call("count")).toBe(1);
        const error = errorOf(() => session.callBytes("crash", none));
        expect(error).toMatchObject({ code: "E_GUEST_ERROR", guestCode: -1 });
        expect(error.message).toMatch(mistake);
        if (goesOn) expect(session.call("count")).toBe(2);
        else
          expect(errorOf(() => session.call("count"))).toMatchObject({
            code: "E_GUEST_ERROR",
            guestCode: -1,
          });
        session.finish();
        expect(textOf(sandbox.callBytes("crash", utf8("text")))).toBe("text");
      });

    check("no memory for an input, and none for a result", async () => {
      const sandbox = await create({ limits: { memory: "4MiB" } });
      const tooLarge = errorOf(() => sandbox.callBytes("upper", new Uint8Array(4 * megabyte - 100)));
      expect(tooLarge.code).toBe(trapsWithoutMemory ? "E_TRAP" : "E_MEMORY");
      const session = sandbox.session();
      const noResult = errorOf(() => session.callBytes("zeros", utf8(String(8 * megabyte))));
      expect(noResult.code).toBe(trapsWithoutMemory ? "E_TRAP" : "E_GUEST_ERROR");
      expect(session.open).toBe(!trapsWithoutMemory);
      session.finish();
      expect(textOf(sandbox.callBytes("upper", utf8("still there")))).toBe("STILL THERE");
    });

    check("many inputs in one entry", async () => {
      const sandbox = await create();
      const inputs = Array.from({ length: 300 }, (_, index) => utf8("wall ".repeat(index % 40)));
      expect(sandbox.callMany("upper", inputs).map(textOf)).toEqual(
        inputs.map((input) => textOf(input).toUpperCase()),
      );
      expect(sandbox.callMany("trim", inputs).map(textOf)).toEqual(
        inputs.map((input) => textOf(input).trim()),
      );
      const session = sandbox.session();
      expect(errorOf(() => session.callMany("greet", [utf8("a"), Uint8Array.of(0xff)])).guestCode).toBe(-2);
      expect(session.callMany("language", [none, none]).map(textOf)).toEqual([language, language]);
    });

    check("memory that stays flat over ten thousand calls of a session", async () => {
      const sandbox = await create();
      const session = sandbox.session();
      const sizes: number[] = [];
      for (let call = 0; call < 10_000; call++) {
        const input = utf8("wall ".repeat(call % 200));
        switch (call % 8) {
          case 0:
            session.callBytes("trim", input);
            break;
          case 1:
            session.callBytes("language", none);
            break;
          case 2:
            session.callBytes("count_words", utf8("a wall"));
            break;
          case 3:
            expect(errorOf(() => session.callBytes("refuse", input)).guestCode).toBe(42);
            break;
          case 4:
            expect(errorOf(() => session.call("divide", 1, 0)).guestCode).toBe(7);
            break;
          case 5:
            expect(errorOf(() => session.callBytes("greet", Uint8Array.of(...input, 0xff))).guestCode).toBe(
              -2,
            );
            break;
          case 6:
            session.callBytes("zeros", utf8(String(call % 3_000)));
            break;
          default:
            session.callMany("upper", [input, none, input]);
        }
        sizes.push(sandbox.stats().memoryBytes);
      }
      // Once every kind of call has been made, nothing more is taken.
      expect(sizes.at(-1)).toBe(sizes[1_000]);
      expect(sizes.at(-1)).toBeLessThanOrEqual(4 * 65_536);
    });
  },
);
