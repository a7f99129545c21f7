import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
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
import { payload } from "../support/payload.js";

/** What is behind the filter. */
const chains = ["terminal", "echo", "proxy"] as const;

const folder = new Folder();
let envoy: Envoy;
let upstream: Upstream | undefined;
/** Bytes that the upstream has got. */
let received = 0;

needsInProcess();
beforeAll(async () => {
  if (inProcessProblem() !== undefined) return;
  const module = await compileGuest(folder, "commands");
  upstream = await startUpstream((socket) => {
    socket.on("data", (data) => {
      received += data.length;
    });
    socket.pipe(socket);
  });
  const port = upstream.port;
  // Far more than a call takes, on a busy machine too.
  const limits = { deadline: "3s" } as const;
  const common = { module, limits, counters: ["first"], init: "Mark" };
  const native = fileURLToPath(new URL("../../../runtime/artifacts/images/echo.elf", import.meta.url));
  const natives = states.map((state) => ({
    name: `native-${state}`,
    connection: { module: native, state, limits },
  }));
  const guests = placements.flatMap((placement) =>
    states.flatMap((state) =>
      chains.map((chain) => ({
        name: `${placement}-${state}-${chain}`,
        connection: {
          ...common,
          placement,
          state,
          ...(chain === "terminal" ? { terminal: true, directions: "read" as const } : {}),
        },
        upstream: chain === "proxy" ? port : undefined,
      })),
    ),
  );
  envoy = await startInProcess([...natives, ...guests], { concurrency: 2 });
});
afterAll(async () => {
  if (envoy !== undefined) expect(await envoy.stop()).toEqual({ code: 0, signal: null });
  await closeUpstream(upstream);
  folder[Symbol.dispose]();
});

function connect(name: string): Promise<TcpClient> {
  return connectTo(envoy, name);
}

async function ask(name: string, text: string, length: number): Promise<string> {
  using client = await connect(name);
  await client.send(text);
  return (await client.read(length)).toString();
}

describe.each(placements)("placement %s", (placement) => {
  describe.each(states)("with state per %s", (state) => {
    it.each(chains)("chunks of random sizes come back as they were: %s", async (chain) => {
      using client = await connect(`${placement}-${state}-${chain}`);
      for (let round = 0; round < 30; round += 1) {
        const data = payload(randomInt(1, 3000));
        expect((await client.exchange(data)).equals(data)).toBe(true);
      }
    });

    it.each(chains)("chunks that are handed over in pieces come back as they were: %s", async (chain) => {
      using client = await connect(`${placement}-${state}-${chain}`);
      const data = payload(1_500_000);
      expect((await client.exchange(data, 20_000)).equals(data)).toBe(true);
    });

    it("connections at once do not mix", async () => {
      const clients = await Promise.all(
        Array.from({ length: 12 }, () => connect(`${placement}-${state}-proxy`)),
      );
      const rounds = clients.map(async (client) => {
        for (let round = 0; round < 10; round += 1) {
          const data = payload(randomInt(1, 5000));
          expect((await client.exchange(data)).equals(data)).toBe(true);
        }
        client[Symbol.dispose]();
      });
      await Promise.all(rounds);
    });

    it("a client's end of stream comes with its data", async () => {
      using client = await connect(`${placement}-${state}-terminal`);
      client.halfClose("All of it");
      const { bytes } = await client.readToEnd();
      expect(bytes.toString()).toBe("All of it");
    });
  });

  it("keeps state for a connection's life, or for no call", async () => {
    for (let connection = 0; connection < 3; connection += 1) {
      for (const [state, expected] of [
        ["connection", "123"],
        ["call", "111"],
      ] as const) {
        using client = await connect(`${placement}-${state}-terminal`);
        let found = "";
        for (let call = 0; call < 3; call += 1) {
          await client.send("s");
          found += (await client.read(1)).toString();
        }
        expect(found).toBe(expected);
      }
    }
  });

  describe("host functions", () => {
    const name = `${placement}-connection-terminal`;

    it("log to Envoy's log, escaped", async () => {
      const text = `${placement}\n\x1b[1m`;
      expect(await ask(name, `l\x03${text}`, 2 + text.length)).toBe(`l\x03${text}`);
      const line = await envoy.log.waitFor(new RegExp(`"${placement}`));
      expect(line).toContain("warning");
      expect(line).toMatch(/guest of connection \d+: /);
      expect(line).toContain(String.raw`"${placement}\n\u{1b}[1m"`);
    });

    it("count in Envoy's statistics", async () => {
      const before = await counter(envoy, "guest_first");
      expect(await ask(name, "n", 1)).toBe("n");
      expect(await counter(envoy, "guest_first")).toBe(before + 5);
    });

    it("know the connection", async () => {
      using client = await connect(name);
      const { localPort } = client.socket;
      await client.send("fsource.address");
      expect((await client.read(10 + String(localPort).length)).toString()).toBe(`127.0.0.1:${localPort}`);
      const port = envoy.ports.get(name);
      await client.send("fdestination.address");
      expect((await client.read(10 + String(port).length)).toString()).toBe(`127.0.0.1:${port}`);
      await client.send("fconnection.id");
      expect((await client.read(1)).toString()).toMatch(/^\d$/);
    });

    it("write in either direction", async () => {
      expect(await ask(name, "x!", 4)).toBe("x!x!");
      // "w" once more in the direction of the chunk, both ways of an echo; "y" once more towards the upstream.
      expect(await ask(`${placement}-call-proxy`, "w!", 8)).toBe("w!w!w!w!");
      expect(await ask(`${placement}-call-proxy`, "x!", 2)).toBe("x!");
    });
  });

  it("gives the guest its initial data", async () => {
    expect(await ask(`${placement}-call-terminal`, "i", 1)).toBe("M");
  });

  it("closes for the guest, behind its data", async () => {
    using client = await connect(`${placement}-call-terminal`);
    await client.send("c last words");
    expect((await client.read(12)).toString()).toBe("c last words");
    expect(await client.closed()).toBe("fin");
  });

  it("closes for the guest towards the upstream, behind its data", async () => {
    for (let round = 0; round < 10; round += 1) {
      using client = await connect(`${placement}-call-proxy`);
      const data = payload(10);
      expect((await client.exchange(data)).equals(data)).toBe(true);
      const before = received;
      await client.send("c last words");
      expect(await client.closed()).toBe("fin");
      await waitFor("the last words", () => (received >= before + 12 ? true : undefined), 2000);
    }
  });

  it("passes nothing on where the guest drops it", async () => {
    using client = await connect(`${placement}-call-proxy`);
    await client.send("d nothing of this");
    // What follows is a chunk of its own only once the first has gone through.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const data = payload(10);
    expect((await client.exchange(data)).equals(data)).toBe(true);
  });
});

it.each(states)("a native image serves as a guest too, with state per %s", async (state) => {
  using client = await connect(`native-${state}`);
  for (const length of [1, 128, 4096, 200_000]) {
    const data = payload(length);
    expect((await client.exchange(data)).equals(data)).toBe(true);
  }
});
