import { readFileSync } from "node:fs";
import { TwinwallError } from "@twinwall/abi";
import { describe, expect, it } from "vitest";
import { type ConnectionMode, parseConnectionOptions } from "../src/index.js";

const hash = "AB".repeat(32);

function problemOf(value: unknown, mode: ConnectionMode): string {
  try {
    parseConnectionOptions(value, mode);
  } catch (error) {
    expect(error).toBeInstanceOf(TwinwallError);
    expect((error as TwinwallError).code).toBe("E_OPTION");
    return (error as TwinwallError).rawMessage;
  }
  throw new Error("expected an error, but there was none");
}

interface Vectors {
  readonly good: readonly { readonly options: object; readonly settings: Record<string, unknown> }[];
  readonly bad: readonly { readonly why: string; readonly options: unknown; readonly name: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../vectors/in-process-options.json", import.meta.url), "utf8"),
) as Vectors;

describe("options in process, as the module in Envoy reads them", () => {
  it.each(vectors.good)("$options", ({ options, settings }) => {
    const { limits, module, sha256, ...found } = parseConnectionOptions(options, "in-process");
    const { deadline, cpuTime = null, fuel, nesting, ...numbers } = limits;
    const count = fuel === undefined ? null : Number(fuel);
    const times = { deadlineUs: deadline, cpuTimeUs: cpuTime };
    expect({ ...found, ...numbers, ...times, fuel: count }).toEqual(settings);
    expect(nesting).toBe(8);
  });

  it.each(vectors.bad)("$why is refused, naming $name", ({ options, name }) => {
    expect(problemOf(options, "in-process")).toContain(name);
  });
});

describe("options of connections", () => {
  it("have defaults", () => {
    expect(parseConnectionOptions({ module: "guest.wasm" }, "ext-proc")).toEqual({
      module: "guest.wasm",
      sha256: undefined,
      machine: "auto",
      limits: {
        memory: 64 * 2 ** 20,
        deadline: 50_000,
        fuel: undefined,
        resultBytes: 2 ** 20,
        hostCalls: 10_000,
        hostBytes: 64 * 2 ** 20,
        cpuTime: undefined,
        nesting: 8,
        logBytes: 64 * 2 ** 10,
      },
      state: "call",
      placement: "inline",
      directions: "both",
      terminal: false,
      counters: [],
      init: "",
      warm: 1,
      machines: 1024,
    });
    const inProcess = parseConnectionOptions({ module: "guest.cwasm", sha256: hash }, "in-process");
    expect(inProcess).toMatchObject({ machine: "kvm", sha256: hash.toLowerCase() });
  });

  it("are taken as they are said", () => {
    const said = {
      module: "guest.cwasm",
      sha256: hash.toLowerCase(),
      machine: "kvm",
      state: "connection",
      placement: "thread",
      directions: "read",
      terminal: true,
      counters: ["a", "b_2"],
      init: "text",
      warm: 3,
      machines: 5,
    };
    const limits = { memory: "16MiB", deadline: "20ms" };
    const settings = parseConnectionOptions({ ...said, limits }, "in-process");
    expect(settings).toMatchObject(said);
    expect(settings.limits).toMatchObject({ memory: 2 ** 24, deadline: 20_000, hostCalls: 10_000 });
  });

  it("need no module where none runs", () => {
    expect(parseConnectionOptions({ machine: "none" }, "ext-proc").module).toBeUndefined();
    expect(parseConnectionOptions({ machine: "floor" }, "in-process").module).toBeUndefined();
  });

  it.each<[unknown, ConnectionMode, string]>([
    [undefined, "ext-proc", "expected an object"],
    [[], "ext-proc", "expected an object"],
    [{ module: "m", modul: 1 }, "ext-proc", 'unknown option "modul"'],
    [{}, "ext-proc", "module:"],
    [{ module: "" }, "ext-proc", "module:"],
    [{ module: 7 }, "ext-proc", "module:"],
    [{ module: "m", machine: "none" }, "ext-proc", "module:"],
    [{ module: "m" }, "in-process", "sha256:"],
    [{ module: "m", sha256: "ab" }, "ext-proc", "sha256:"],
    [{ machine: "none", sha256: hash }, "ext-proc", "sha256:"],
    [{ module: "m", machine: "soft", sha256: hash }, "in-process", "machine:"],
    [{ machine: "floor" }, "ext-proc", "machine:"],
    [{ module: "m", machine: null }, "ext-proc", "machine:"],
    [{ module: "m", limits: [] }, "ext-proc", "limits:"],
    [{ module: "m", limits: { deadlin: 1 } }, "ext-proc", "deadlin"],
    [{ module: "m", limits: { deadline: "none" } }, "ext-proc", "deadline"],
    [{ module: "m", limits: { deadline: "5 parsecs" } }, "ext-proc", "deadline"],
    [{ module: "m", state: "chunk" }, "ext-proc", "state:"],
    [{ module: "m", placement: "inline" }, "ext-proc", "placement:"],
    [{ module: "m", terminal: false }, "ext-proc", "terminal:"],
    [{ module: "m", sha256: hash, terminal: "yes" }, "in-process", "terminal:"],
    [{ module: "m", directions: "up" }, "ext-proc", "directions:"],
    [{ module: "m", counters: "a" }, "ext-proc", "counters:"],
    [{ module: "m", counters: ["A"] }, "ext-proc", "counters:"],
    [{ module: "m", counters: [""] }, "ext-proc", "counters:"],
    [{ module: "m", counters: ["a", "a"] }, "ext-proc", "counters:"],
    [{ module: "m", counters: Array.from({ length: 65 }, (_, n) => `c${n}`) }, "ext-proc", "counters:"],
    [{ module: "m", init: 1 }, "ext-proc", "init:"],
    [{ module: "m", warm: -1 }, "ext-proc", "warm:"],
    [{ module: "m", warm: 5000 }, "ext-proc", "warm:"],
    [{ module: "m", warm: 2, machines: 1 }, "ext-proc", "warm:"],
    [{ module: "m", machines: 0 }, "ext-proc", "machines:"],
    [{ module: "m", machines: 1.5 }, "ext-proc", "machines:"],
  ])("%j (%s) are refused: %s", (value, mode, problem) => {
    expect(problemOf(value, mode)).toContain(problem);
  });
});
