import { randomInt } from "node:crypto";
import { within } from "@twinwall/tool-envoy";
import { describe, expect, it } from "vitest";
import type { ListenerName } from "../support/envoy.js";
import { untilMetric, useFixture } from "../support/fixture.js";
import { machines, needsMachine } from "../support/machines.js";
import { payload } from "../support/payload.js";

const fixture = useFixture();

describe.each(machines)("through machine %s", (machine) => {
  needsMachine(machine);

  describe.each(["call", "connection"] as const)("with state per %s", (state) => {
    it.each<ListenerName>(["echo", "echo-read", "proxy", "proxy-read", "proxy-write"])(
      "chunks of random sizes come back as they were: %s",
      async (listener) => {
        await fixture.serve({ machine, state });
        using client = await fixture.connect(listener);
        for (let round = 0; round < 30; round += 1) {
          const data = payload(randomInt(1, 3000));
          expect((await client.exchange(data)).equals(data)).toBe(true);
        }
      },
    );

    it("more than one piece of a chunk comes back as it was", async () => {
      const served = await fixture.serve({ machine, state });
      using client = await fixture.connect("proxy");
      const data = payload(1_500_000);
      expect((await client.exchange(data, 20_000)).equals(data)).toBe(true);
      expect(served.metric("bytes_total")).toBe(2 * data.length);
    });

    it("connections at once do not mix", async () => {
      await fixture.serve({ machine, state, machines: 16 });
      const clients = await Promise.all(Array.from({ length: 12 }, () => fixture.connect("proxy")));
      const rounds = clients.map(async (client) => {
        for (let round = 0; round < 10; round += 1) {
          const data = payload(randomInt(1, 5000));
          expect((await client.exchange(data)).equals(data)).toBe(true);
        }
        client[Symbol.dispose]();
      });
      await Promise.all(rounds);
    });
  });

  it("keeps state per connection, or per call", async () => {
    for (const [state, after] of [
      ["connection", ["1", "2", "3"]],
      ["call", ["1", "1", "1"]],
    ] as const) {
      await fixture.serve({ machine, state });
      for (let connection = 0; connection < 2; connection += 1) {
        using client = await fixture.connect("proxy-read");
        for (const expected of after) {
          await client.send("s");
          expect((await client.read(1)).toString()).toBe(expected);
        }
      }
      await fixture.clear();
    }
  });
});

describe("the end of a direction", () => {
  it("comes back where both directions are processed", async () => {
    await fixture.serve();
    using client = await fixture.connect("proxy");
    expect((await client.exchange(Buffer.from("All of it"))).toString()).toBe("All of it");
    client.halfClose();
    expect(await client.closed()).toBe("fin");
  });

  // With the other direction processed too, Envoy closes both sides once the upstream has closed, although an answer for
  // the client is still awaited. No answer of the service changes that, so the README warns of it.
  it("loses nothing of a client that ends early, where only the client's direction is processed", async () => {
    await fixture.serve({ directions: "read", state: "connection" });
    for (let round = 0; round < 40; round += 1) {
      using client = await fixture.connect("proxy-read");
      client.halfClose("All of it");
      const { bytes, closed } = await client.readToEnd();
      expect([bytes.toString(), closed]).toEqual(["All of it", "fin"]);
    }
  });
});

describe("what the guest asks of the host", () => {
  it("facts of the connection", async () => {
    await fixture.serve();
    using client = await fixture.connect("echo-read");
    const { localPort, remotePort } = client.socket;
    for (const [name, expected] of [
      ["source.address", `127.0.0.1:${localPort}`],
      ["destination.address", `127.0.0.1:${remotePort}`],
    ] as const) {
      await client.send(`f${name}`);
      expect((await client.read(expected.length)).toString()).toBe(expected);
    }
    await client.send("fconnection.id");
    expect((await client.read(1)).toString()).toMatch(/^\d$/);
  });

  it("a fact that there is not, which is empty", async () => {
    const served = await fixture.serve();
    using client = await fixture.connect("echo-read");
    await client.send("fconnection.requested_server_name");
    await untilMetric(served, "chunks_total", 1);
    expect((await client.exchange(Buffer.from("Other"))).toString()).toBe("Other");
    expect(served.metric("host_calls_total")).toBe(1);
  });

  it("lines of the log, escaped", async () => {
    const served = await fixture.serve();
    using client = await fixture.connect("echo-read");
    await client.exchange(Buffer.from("l\u0003first\nline\u001b[0m"));
    expect(served.log).toEqual([
      { level: "warn", source: "guest", connection: 1, text: "first\\nline\\x1b[0m" },
    ]);
  });

  it("counters", async () => {
    const served = await fixture.serve({ counters: ["seen"] });
    using client = await fixture.connect("echo-read");
    await client.exchange(Buffer.from("n"));
    await client.exchange(Buffer.from("n"));
    expect(served.metric("guest_seen_total")).toBe(10);
    expect(served.metric("host_calls_total")).toBe(2);
  });

  it("writes in the direction of the chunk, in front of what is passed on", async () => {
    await fixture.serve();
    using client = await fixture.connect("echo-read");
    await client.send("w1");
    expect((await client.read(4)).toString()).toBe("w1w1");
  });

  it("writes in the other direction where Envoy does not ask about that one", async () => {
    await fixture.serve({ directions: "read", state: "connection" });
    using client = await fixture.connect("proxy-read");
    for (let round = 0; round < 5; round += 1) {
      await client.send("x1");
      expect((await client.read(4)).toString()).toBe("x1x1");
    }
    client.halfClose();
    expect(await client.readToEnd()).toMatchObject({ closed: "fin" });
  });

  it("writes towards the upstream where Envoy asks about the client's side only", async () => {
    await fixture.serve({ directions: "write" });
    using client = await fixture.connect("proxy-write");
    // The echo of what it writes is written again, so this goes on until the client is gone.
    await client.send("y");
    expect((await client.read(5)).toString()).toBe("yyyyy");
  });

  it("initial data", async () => {
    await fixture.serve({ init: "Q" });
    using client = await fixture.connect("echo-read");
    expect((await client.exchange(Buffer.from("i"))).toString()).toBe("Q");
  });

  it("closes the connection behind the data", async () => {
    const served = await fixture.serve({ state: "connection" });
    using client = await fixture.connect("proxy-write");
    await client.send("c and this too");
    const { bytes, closed } = await client.readToEnd();
    expect([bytes.toString(), closed]).toEqual(["c and this too", "fin"]);
    expect(served.metric("closed_by_guest_total")).toBe(1);
    await untilMetric(served, "open_connections", 0);
    expect(served.log).toEqual([]);
  });

  it("closes the connection behind data towards the upstream", async () => {
    await fixture.serve();
    using client = await fixture.connect("proxy-read");
    await client.exchange(Buffer.from("Open"));
    const far = fixture.upstream.connections.at(-1);
    const seen: Buffer[] = [];
    far?.on("data", (data: Buffer) => seen.push(data));
    const ended = new Promise((resolve) => far?.once("end", resolve).once("close", resolve));
    await client.send("c and this too");
    expect(await client.closed()).toBe("fin");
    await within("the upstream's end", 5000, ended);
    expect(Buffer.concat(seen).toString()).toBe("c and this too");
  });
});
