import type { Socket } from "node:net";
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
} from "../support/in-process.js";
import { payload } from "../support/payload.js";

const folder = new Folder();
let envoy: Envoy;
let upstream: Upstream | undefined;
/** An upstream that gets this first reads no more until it is told to; else it echoes. */
const SLOW = 0x00;
/** Its connections that wait. */
const held: Socket[] = [];
let received = 0;

// Far more than a call takes, on a busy machine too.
const limits = { deadline: "2s" } as const;

needsInProcess();
beforeAll(async () => {
  if (inProcessProblem() !== undefined) return;
  const module = await compileGuest(folder, "commands");
  upstream = await startUpstream((socket) => {
    socket.once("data", (first) => {
      if (first[0] !== SLOW) {
        socket.write(first);
        socket.pipe(socket);
        return;
      }
      held.push(socket);
      socket.pause();
      received += first.length;
      socket.on("data", (data) => {
        received += data.length;
      });
      socket.on("end", () => socket.end());
    });
  });
  const { port } = upstream;
  envoy = await startInProcess(
    placements.flatMap((placement) => {
      const connection = { module, placement, limits };
      const others = placements.map((other) => ({
        name: `${placement}-behind-${other}`,
        connection,
        before: { module, placement: other, limits },
        upstream: port,
      }));
      return [
        { name: `${placement}-echo`, connection },
        { name: `${placement}-echo-read`, connection: { ...connection, directions: "read" as const } },
        {
          name: `${placement}-single`,
          connection: { ...connection, machines: 1, limits: { deadline: "300ms" } },
        },
        { name: `${placement}-proxy`, connection, upstream: port },
        { name: `${placement}-terminal`, connection: { ...connection, terminal: true } },
        ...others,
      ];
    }),
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

describe.each(placements)("placement %s", (placement) => {
  it.each([5, 200_000, 900_000])("a client that ends its side loses nothing of %d bytes", async (length) => {
    for (let round = 0; round < 5; round += 1) {
      using client = await connect(`${placement}-proxy`);
      const data = payload(length);
      client.halfClose(data);
      const { bytes, closed } = await client.readToEnd();
      expect([bytes.equals(data), closed]).toEqual([true, "fin"]);
    }
  });

  it.each(placements)("a filter in front that is %s hands on all it has", async (other) => {
    using client = await connect(`${placement}-behind-${other}`);
    for (const length of [5, 70_000, 900_000]) {
      const data = payload(length);
      expect((await client.exchange(data, 20_000)).equals(data)).toBe(true);
    }
  });

  it("many MB both ways at once come through", async () => {
    using client = await connect(`${placement}-proxy`);
    const data = payload(20_000_000);
    expect((await client.exchange(data, 30_000)).equals(data)).toBe(true);
  });

  it("a client that does not read is not read from", async () => {
    using client = await connect(`${placement}-terminal`);
    client.socket.pause();
    const before = envoy.residentBytes();
    const data = payload(1_000_000);
    for (let sent = 0; sent < 64; sent += 1) client.socket.write(data);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.socket.bytesWritten - client.socket.writableLength).toBeLessThan(40_000_000);
    expect(envoy.residentBytes() - before).toBeLessThan(24 * 2 ** 20);
  });

  it("a guest that writes towards the upstream what it gets from there is stopped", async () => {
    // Before Envoy's echo each such write comes back.
    const before = await counter(envoy, "failures_e_limit");
    using client = await connect(`${placement}-echo`);
    await client.send("y");
    expect((await client.readToEnd()).closed).toBe("reset");
    expect(await counter(envoy, "failures_e_limit")).toBe(before + 1);
    using next = await connect(`${placement}-echo`);
    const data = payload(100);
    expect((await next.exchange(data)).equals(data)).toBe(true);
  });

  it("a guest's close reaches an upstream that is slow behind all data", async () => {
    held.length = 0;
    received = 0;
    using client = await connect(`${placement}-proxy`);
    const data = payload(500_000);
    data[0] = SLOW;
    await client.send(data);
    await waitFor("the upstream's connection", () => held[0], 5000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.send("c last words");
    await new Promise((resolve) => setTimeout(resolve, 100));
    held[0]?.resume();
    expect(await client.closed()).toBe("fin");
    expect(received).toBe(data.length + 12);
  });

  it("a guest's last words come back from an echo behind that it does not see", async () => {
    using client = await connect(`${placement}-echo-read`);
    await client.send("c last words");
    const { bytes, closed } = await client.readToEnd();
    expect([bytes.toString(), closed]).toEqual(["c last words", "fin"]);
  });

  it("a machine that was thrown away does not stand in the next connection's way", async () => {
    for (let round = 0; round < 3; round += 1) {
      using bad = await connect(`${placement}-single`);
      await bad.send("h");
      expect(await bad.closed()).toBe("reset");
      using good = await connect(`${placement}-single`);
      const data = payload(100);
      expect((await good.exchange(data)).equals(data)).toBe(true);
    }
  });
});

// It takes the five seconds that an upstream has.
it("a guest's close ends a connection whose upstream does not end its side", async () => {
  held.length = 0;
  using client = await connect("inline-proxy");
  await client.send(Buffer.of(SLOW));
  await waitFor("the upstream's connection", () => held[0], 5000);
  await client.send("c");
  expect(await client.closed(10_000)).toBe("fin");
}, 15_000);
