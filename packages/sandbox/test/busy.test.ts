import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { Sandbox, type SandboxOptions } from "../src/index.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { machine, needsMachine } from "./support/machine.js";
import { moduleOf } from "./support/modules.js";

needsMachine();

const MANY = 2 * availableParallelism() + 2;
/** Of `spin`: tens of milliseconds of processor time on either machine. */
const ROUNDS = 30_000_000;

let opened: Sandbox[] = [];
afterEach(() => {
  for (const sandbox of opened) sandbox.close();
  opened = [];
});

async function open(count: number, limits: NonNullable<SandboxOptions["limits"]>): Promise<Sandbox[]> {
  const made: Sandbox[] = [];
  for (let index = 0; index < count; index += 1) {
    const sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits });
    opened.push(sandbox);
    made.push(sandbox);
  }
  return made;
}

describe("more busy sandboxes than processors", () => {
  it("all come to their results, and use the fuel that one alone uses", async () => {
    const many = await open(MANY, { deadline: "50s", fuel: 10n ** 12n });
    many[0]?.call("spin", ROUNDS);
    const expected = many[0]?.stats().fuel;
    const results = many.map((sandbox) => sandbox.callAsync("spin", [ROUNDS]));
    expect(await Promise.all(results)).toEqual(many.map(() => 7));
    expect(many.map((sandbox) => sandbox.stats().fuel)).toEqual(many.map(() => expected));
  });

  it("all end at their deadlines", async () => {
    const many = await open(MANY, { deadline: "150ms" });
    const ends = many.map((sandbox) => errorOf(() => sandbox.callAsync("forever", [])));
    expect((await Promise.all(ends)).map((error) => error.code)).toEqual(many.map(() => "E_DEADLINE"));
    for (const sandbox of many) expect(await inTime(150, () => sandbox.call("add", 40, 2))).toBe(42);
  });

  it("all end with a signal, whether they run or wait for a processor", async () => {
    const many = await open(MANY, { deadline: "none", fuel: 10n ** 18n });
    const end = new AbortController();
    const ends = many.map((sandbox) =>
      errorOf(() => sandbox.callAsync("forever", [], { signal: end.signal })),
    );
    setTimeout(() => end.abort(), 60);
    expect((await Promise.all(ends)).map((error) => error.code)).toEqual(many.map(() => "E_ABORTED"));
    expect(await Promise.all(many.map((sandbox) => sandbox.callAsync("add", [40, 2])))).toEqual(
      many.map(() => 42),
    );
  });

  it("leave room for short calls, though they are endless", async (context) => {
    context.skip(machine === "soft", "the soft machine runs a guest to its end: it cannot be put aside");
    const many = await open(MANY, { deadline: "none" });
    const [short] = await open(1, { deadline: "60s" });
    const end = new AbortController();
    let over = 0;
    const ends = many.map((sandbox) =>
      errorOf(() => sandbox.callAsync("forever", [], { signal: end.signal })).then((error) => {
        over += 1;
        return error;
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let count = 0; count < 10; count += 1)
      expect(await short?.callAsync("add", [count, 2])).toBe(count + 2);
    expect(over).toBe(0);
    end.abort();
    expect((await Promise.all(ends)).map((error) => error.code)).toEqual(many.map(() => "E_ABORTED"));
  });
});
