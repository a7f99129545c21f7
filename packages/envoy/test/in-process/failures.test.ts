import { type Envoy, startUpstream, type TcpClient, type Upstream, waitFor } from "@twinwall/tool-envoy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Folder } from "../support/guests.js";
import {
  closeUpstream,
  compileGuest,
  connectTo,
  counter,
  inProcessProblem,
  needsInProcess,
  placements,
  startInProcess,
  states,
} from "../support/in-process.js";

const limits = { memory: "4MiB", deadline: "300ms", logBytes: "2KiB", resultBytes: "64KiB" } as const;

const folder = new Folder();
let envoy: Envoy;
let upstream: Upstream | undefined;
/** What the upstream has got in all. */
let passed = "";

needsInProcess();
beforeAll(async () => {
  if (inProcessProblem() !== undefined) return;
  const module = await compileGuest(folder, "commands");
  upstream = await startUpstream((socket) => {
    socket.on("end", () => socket.end());
    socket.on("data", (data) => {
      passed += data.toString("latin1");
      // What the client asks to be sent back.
      const wanted = /^\x80(.*)$/s.exec(data.toString("latin1"))?.[1];
      if (wanted !== undefined) socket.write(Buffer.from(wanted, "latin1"));
    });
  });
  const port = upstream.port;
  const common = { module, limits, counters: ["first"], machines: 3 };
  envoy = await startInProcess(
    placements.flatMap((placement) =>
      states.map((state) => ({
        name: `${placement}-${state}`,
        connection: { ...common, placement, state },
        upstream: port,
      })),
    ),
  );
});
afterAll(async () => {
  await envoy?.stop();
  await closeUpstream(upstream);
  folder[Symbol.dispose]();
});

function connect(name: string): Promise<TcpClient> {
  return connectTo(envoy, name);
}

/** The upstream sends back what follows 0x80. */
async function works(client: TcpClient): Promise<void> {
  await client.send(Buffer.from([0x80, 0x81, 0x82]));
  expect([...(await client.read(2))]).toEqual([0x81, 0x82]);
}

/** What a guest can do wrong, by command, and the code that it is counted under. */
const wrongs = [
  ["t: traps", "t", "e_trap"],
  ["h: hangs past its deadline", "h", "e_deadline"],
  ["m: takes all memory there is", "m", "e_trap"],
  ["z: returns nothing", "z", "e_bad_reply"],
  ["u: returns flags that mean nothing", "u", "e_bad_reply"],
  ["g: fails by itself", "gno\nway", "e_guest_error"],
  ["N: adds to a counter that is not there", "N", "e_host_function"],
  ["-: takes from a counter", "-", "e_host_function"],
  ["e: writes an end of stream", "e", "e_host_function"],
  ["l: logs more than it may", `l\x02${"x".repeat(3000)}`, "e_limit"],
] as const;

describe.each(placements)("placement %s", (placement) => {
  describe.each(states)("with state per %s", (state) => {
    const name = `${placement}-${state}`;

    it.each(wrongs)(
      "a guest that %s: reset, counted, logged once, and the next works",
      async (_, text, code) => {
        const before = {
          all: await counter(envoy, "failures"),
          code: await counter(envoy, `failures_${code}`),
        };
        const lines = envoy.log.matching(/is reset/).length;
        passed = "";
        using bystander = await connect(name);
        await works(bystander);
        using client = await connect(name);
        await client.send(text);
        const { bytes, closed } = await client.readToEnd();
        expect([bytes.length, closed]).toEqual([0, "reset"]);
        await works(bystander);
        using next = await connect(name);
        await works(next);
        expect(await counter(envoy, "failures")).toBe(before.all + 1);
        expect(await counter(envoy, `failures_${code}`)).toBe(before.code + 1);
        const said = envoy.log.matching(/is reset/).slice(lines);
        expect(said).toHaveLength(1);
        expect(said[0]).toContain(code.toUpperCase());
        // Of the failed chunk nothing went anywhere.
        expect(passed.replaceAll("\x80\x81\x82", "")).toBe("");
      },
    );

    it("a guest that fails on what the upstream sends closes the connection too", async () => {
      using client = await connect(name);
      await client.send(Buffer.from([0x80, 0x74]));
      const { bytes, closed } = await client.readToEnd();
      expect([bytes.length, closed]).toEqual([0, "reset"]);
    });
  });

  it("connections beyond the most machines are reset, until one is free", async () => {
    const name = `${placement}-connection`;
    const before = await counter(envoy, "no_machine");
    const clients = [await connect(name), await connect(name), await connect(name)];
    for (const client of clients) await works(client);
    using fourth = await connect(name);
    await fourth.send(Buffer.from([0x80, 0x81]));
    expect(await fourth.closed()).toBe("reset");
    expect(await counter(envoy, "no_machine")).toBe(before + 1);
    for (const client of clients) client[Symbol.dispose]();
    const again = async (): Promise<true | undefined> => {
      using client = await connect(name);
      return await works(client).then(
        () => true,
        () => undefined,
      );
    };
    await waitFor("a machine to be free", again, 5000);
  });
});

describe("a worker", () => {
  it("waits for a hanging guest no longer than its deadline", async () => {
    // One worker, and a guest that hangs on every piece of a long chunk.
    using hanging = await connect("inline-call");
    using other = await connect("inline-call");
    await works(other);
    await hanging.send(Buffer.alloc(1_000_000, "h"));
    await works(other);
    expect(await hanging.closed()).toBe("reset");
  });
});
