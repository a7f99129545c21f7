import { type Sandbox, TwinwallError } from "@twinwall/sandbox";
import { hostProblem } from "@twinwall/vmm-kvm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestProblem, openCompiler, openGuest } from "../scripts/guest.mjs";
import { languages } from "../scripts/languages.mjs";

const compiler = openCompiler();
afterAll(() => compiler.close());

const item = {
  id: 4_294_967_295,
  name: "größer als 𝄞",
  tags: ["one", "", "three"],
  note: "a note",
  big: 2n ** 64n - 1n,
  small: -128,
  ratio: 0.5,
  score: 1 / 3,
  letter: "€",
  active: true,
  color: "blue",
  rights: { canRead: true, canWrite: false },
  shape: { tag: "text", val: "line" },
  data: Uint8Array.of(0, 255, 7),
};

const shapes = [
  { tag: "dot", val: undefined },
  { tag: "line", val: 255 },
  { tag: "text", val: "" },
];

interface Counter {
  add(amount: number): number;
  [Symbol.dispose](): void;
}

describe.each(languages)("$title", ({ name }) => {
  describe.each(["kvm", "soft"] as const)("on %s", (machine) => {
    const problem = guestProblem(name) ?? (machine === "kvm" ? hostProblem() : undefined);
    const messages: string[] = [];
    let sandbox: Sandbox;
    beforeAll(async () => {
      if (problem === undefined) {
        sandbox = await openGuest(name, machine, compiler, (message) => void messages.push(message));
      }
    });
    afterAll(() => sandbox?.close());

    function test(what: string, check: () => void): void {
      it(what, (context) => {
        context.skip(problem !== undefined, problem);
        check();
      });
    }

    function errorOf(attempt: () => unknown): TwinwallError {
      try {
        attempt();
      } catch (error) {
        if (error instanceof TwinwallError) return error;
        throw error;
      }
      throw new Error("expected an error, but there was none");
    }

    test("adds scalars, and wraps", () => {
      expect(sandbox.call("add", 2, 3)).toBe(5);
      expect(sandbox.call("add", 4_294_967_295, 2)).toBe(1);
    });

    test("returns records with a value of every type", () => {
      const items = [
        item,
        { ...item, note: undefined, letter: "𝄞" },
        ...shapes.map((shape) => ({ ...item, shape })),
      ];
      expect(sandbox.call("echo", items)).toEqual(items);
      expect(sandbox.call("echo", [])).toEqual([]);
    });

    test("takes numbers in a list", () => {
      expect(sandbox.call("sum", Float64Array.of(1, 2.5, -0.25))).toBe(3.25);
    });

    test("turns a tuple round", () => {
      expect(sandbox.call("pair", [-(2n ** 63n), "least"])).toEqual(["least", -(2n ** 63n)]);
    });

    test("tells options within options apart", () => {
      const values = [
        { tag: "none", val: undefined },
        { tag: "some", val: undefined },
        { tag: "some", val: 7 },
      ];
      for (const value of values) expect(sandbox.call("nested", value)).toEqual(value);
    });

    test("returns results, and errors with their payload", () => {
      expect([sandbox.call("divide", 7, 2), sandbox.call("divide", -7, 2)]).toEqual([3, -3]);
      const error = errorOf(() => sandbox.call("divide", 7, 0));
      expect(error).toMatchObject({ code: "E_GUEST_ERROR", payload: "division by zero" });
    });

    test("calls the host, and gets its errors", () => {
      expect(sandbox.call("find", "nine")).toBe(9);
      expect(errorOf(() => sandbox.call("find", "ten"))).toMatchObject({ payload: "no ten" });
      messages.length = 0;
      sandbox.call("say", "größer");
      expect(messages).toEqual(["größer"]);
    });

    test("makes resources that live in a session", () => {
      using session = sandbox.session();
      const [one, other] = [
        session.call("[constructor]counter", 5),
        session.call("[constructor]counter", 10),
      ] as [Counter, Counter];
      expect([one.add(1), other.add(1), one.add(2)]).toEqual([6, 11, 8]);
      one[Symbol.dispose]();
      expect(errorOf(() => one.add(1)).code).toBe("E_DISPOSED");
      expect(other.add(4)).toBe(15);
    });

    test("is not called with values of another type", () => {
      expect(errorOf(() => sandbox.call("echo", [{ ...item, small: 128 }])).message).toContain(
        "parameter items[0].small: expected s8",
      );
    });
  });
});
