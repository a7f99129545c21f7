import { readFileSync } from "node:fs";
import { decodePassed, encodeChunk, MAX_CHUNK_BYTES } from "@twinwall/abi";
import { hostFunction, type MachineName, Sandbox, t } from "@twinwall/sandbox";
import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach, describe, expect, it } from "vitest";

const module = new Uint8Array(readFileSync(new URL("../artifacts/envoy-echo.wasm", import.meta.url)));
const machines: readonly MachineName[] = ["kvm", "soft"];

/** What the guest told the host. */
interface Told {
  readonly log: string[];
  readonly counts: [number, bigint][];
  readonly facts: string[];
}

/** The guest with host functions that write down what they get. */
async function open(machine: MachineName, init = ""): Promise<{ sandbox: Sandbox; told: Told }> {
  const told: Told = { log: [], counts: [], facts: [] };
  const host = {
    log: hostFunction({ params: [t.bytes], deferred: true }, (line) => {
      told.log.push(`${line[0]} ${Buffer.from(line.subarray(1)).toString()}`);
    }),
    count: hostFunction({ params: [t.i32, t.i64], deferred: true }, (counter, delta) => {
      told.counts.push([counter, delta]);
    }),
    connection: hostFunction({ params: [t.bytes], result: t.bytes }, (name) => {
      told.facts.push(Buffer.from(name).toString());
      return Buffer.from("127.0.0.1:4711");
    }),
  };
  const options = init === "" ? {} : { init: Buffer.from(init) };
  const sandbox = await Sandbox.create({ module, machine, host, ...options });
  return { sandbox, told };
}

function data(text: string): Uint8Array {
  return encodeChunk(Buffer.from(text), { towardsClient: false, endOfStream: false });
}

describe.each(machines)("the guest on %s", (machine) => {
  const problem = machine === "kvm" ? hostProblem() : undefined;
  beforeEach((context) => context.skip(problem !== undefined, problem));

  it.each([0, 1, 128, 4096, MAX_CHUNK_BYTES])("passes %i bytes on, whatever the flags", async (size) => {
    const { sandbox } = await open(machine);
    const sent = new Uint8Array(size).map((_, index) => index * 7);
    for (const towardsClient of [false, true]) {
      for (const endOfStream of [false, true]) {
        const result = sandbox.callBytes("on_data", encodeChunk(sent, { towardsClient, endOfStream }));
        const passed = decodePassed(result);
        expect(passed.close).toBe(false);
        expect(Buffer.compare(passed.data, sent)).toBe(0);
      }
    }
    sandbox.close();
  });

  it("calls nothing by itself: one exit", async () => {
    const { sandbox, told } = await open(machine);
    sandbox.callBytes("on_data", data("hello"));
    expect(sandbox.stats()).toMatchObject({ exits: 1, hostCalls: 0 });
    expect(told).toEqual({ log: [], counts: [], facts: [] });
    sandbox.close();
  });

  it("counts bytes without an exit of its own", async () => {
    const { sandbox, told } = await open(machine, "count");
    sandbox.callBytes("on_data", data("hello"));
    expect(sandbox.stats()).toMatchObject({ exits: 1 });
    sandbox.callBytes("on_data", data(""));
    expect(told.counts).toEqual([
      [0, 5n],
      [0, 0n],
    ]);
    sandbox.close();
  });

  it("greets once as long as its state is kept, and passes its input on unharmed", async () => {
    const { sandbox, told } = await open(machine, " greet\n");
    {
      using session = sandbox.session();
      for (const text of ["one", "two", "three"]) {
        const { data: passed } = decodePassed(session.callBytes("on_data", data(text)));
        expect(Buffer.from(passed).toString()).toBe(text);
      }
    }
    expect(told.log).toEqual(["2 hello 127.0.0.1:4711"]);
    expect(told.facts).toEqual(["source.address"]);
    sandbox.callBytes("on_data", data("a clean slate"));
    sandbox.callBytes("on_data", data("and another"));
    expect(told.log).toHaveLength(3);
    sandbox.close();
  });

  it("traps when it is asked to, and only then", async () => {
    const { sandbox } = await open(machine, "count greet trap");
    expect(() => sandbox.callBytes("on_data", data("trap!"))).toThrow(/^E_TRAP/);
    expect(decodePassed(sandbox.callBytes("on_data", data("a trap"))).data).toHaveLength(6);
    sandbox.close();
    const { sandbox: tame } = await open(machine);
    expect(decodePassed(tame.callBytes("on_data", data("trap!"))).data).toHaveLength(5);
    tame.close();
  });

  it("answers nothing where there are no flags, which is a failure", async () => {
    const { sandbox } = await open(machine);
    expect(sandbox.callBytes("on_data", new Uint8Array())).toHaveLength(0);
    sandbox.close();
  });

  it("refuses a word that it does not know", async () => {
    await expect(open(machine, "count dance")).rejects.toThrow(/^E_TRAP/);
  });
});
