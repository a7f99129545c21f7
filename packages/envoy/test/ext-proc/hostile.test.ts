import { connect } from "node:net";
import { waitFor, within } from "@twinwall/tool-envoy";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createExtProcService, type ExtProcService } from "../../src/index.js";
import { PATIENCE } from "../support/envoy.js";
import { metricOf } from "../support/fixture.js";
import { Folder } from "../support/guests.js";
import { frame, openStream, Peer, type PeerStream, preface, requestOf } from "../support/peer.js";

const folder = new Folder();
const path = folder.file("service.sock");
const module = folder.guest("commands");
let service: ExtProcService | undefined;

afterEach(async () => service?.close({ drain: "none" }));
afterAll(() => folder[Symbol.dispose]());

async function serve(): Promise<(name: string) => number> {
  const made = await createExtProcService({
    module,
    state: "connection",
    machines: 4,
    limits: { deadline: PATIENCE },
    log: () => {},
  });
  service = made;
  await made.listen({ path });
  return (name) => metricOf(made.metrics(), name);
}

async function messagesOf(stream: PeerStream, count: number): Promise<Buffer[]> {
  return await waitFor(`${count} messages`, () =>
    stream.messages.length >= count ? stream.messages : undefined,
  );
}

/** A peer that behaves is served. */
async function expectService(): Promise<void> {
  await using peer = await Peer.connect(path);
  const stream = peer.open().write(requestOf("Fine"));
  expect((await messagesOf(stream, 1))[0]).toEqual(requestOf("Fine").subarray(5));
  stream.stream.end();
  expect(await stream.ended()).toBe(0);
}

const bad: readonly (readonly [what: string, bytes: Uint8Array, status: number])[] = [
  ["a compressed message", Uint8Array.of(1, 0, 0, 0, 0), 12],
  ["a prefix that is none", Uint8Array.of(0x47, 0x45, 0x54, 0x20, 0x2f), 12],
  ["a message that is announced as 4 GiB", Uint8Array.of(0, 255, 255, 255, 255), 8],
  ["a message that is announced as a little too long", Uint8Array.of(0, 0, 64, 0, 1), 8],
  ["an empty message", frame(new Uint8Array(0)), 3],
  ["a message without a chunk", frame(Uint8Array.of(0x1a, 0)), 3],
  ["a message with two chunks", frame(Uint8Array.of(0x0a, 0, 0x12, 0)), 3],
  ["a message of garbage", frame(Buffer.alloc(100, 0xff)), 3],
  ["a group within a group within …", frame(Buffer.alloc(1_000_000, 0x2b)), 3],
  [
    "facts that are none, to a guest that asks",
    frame(Uint8Array.of(0x22, 1, 0xff, 0x0a, 4, 0x0a, 2, 0x66, 0x61)),
    10,
  ],
];

describe("a peer that sends", () => {
  it.each(bad)("%s loses its stream, and no more", async (_, bytes, status) => {
    const metric = await serve();
    await using peer = await Peer.connect(path);
    const good = peer.open().write(requestOf("One"));
    await messagesOf(good, 1);
    const stream = peer.open().write(requestOf("One"));
    await messagesOf(stream, 1);
    expect(await stream.write(bytes).ended()).toBe(status);
    expect(metric("open_connections")).toBe(1);
    await messagesOf(good.write(requestOf("Two")), 2);
    await expectService();
  });

  it.each([
    ["HTTP/1", "GET / HTTP/1.1\r\n\r\n"],
    ["zeros", "\u0000".repeat(5000)],
    ["a good begin", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense, and more of it"],
  ])("no HTTP/2 loses its connection: %s", async (_, text) => {
    await serve();
    const socket = connect(path);
    socket.on("error", () => {});
    socket.write(text);
    socket.resume();
    await within("the end", 5000, new Promise((resolve) => socket.once("close", resolve)));
    await expectService();
  });

  it("requests for what there is not is told so", async () => {
    await serve();
    await using peer = await Peer.connect(path);
    expect(await peer.open("/other.Service/Process").ended()).toBe(12);
    expect(await peer.open(undefined, "PUT").ended()).toBe(12);
    await expectService();
  });

  it("a message byte by byte, and many at once, gets its answers in order", async () => {
    await serve();
    await using peer = await Peer.connect(path);
    const stream = peer.open();
    for (const byte of requestOf("Slow")) {
      stream.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const all = Array.from({ length: 60 }, (_, index) =>
      requestOf(`Part ${index}`, index % 3 === 0 ? "write" : "read"),
    );
    stream.write(Buffer.concat(all));
    const expected = [requestOf("Slow"), ...all];
    const messages = await messagesOf(stream, expected.length);
    expect(Buffer.concat(messages.map(frame))).toEqual(Buffer.concat(expected));
  });

  it("half a message and goes, leaves nothing behind", async () => {
    const metric = await serve();
    await using peer = await Peer.connect(path);
    for (let round = 0; round < 20; round += 1) {
      const stream = peer.open().write(requestOf("One"));
      await messagesOf(stream, 1);
      stream.write(requestOf("Cut short").subarray(0, 9));
      if (round % 2 === 0) stream.stream.close();
      else stream.stream.end();
      expect(await stream.ended()).toBe(round % 2 === 0 ? undefined : 3);
    }
    await waitFor("all to be closed", () => (metric("open_connections") === 0 ? true : undefined));
    expect(metric("idle_machines")).toBe(metric("machines"));
  });

  it("more than it reads, is not served ahead", async () => {
    const metric = await serve();
    await using peer = await Peer.connect(path);
    const stream = peer.open();
    stream.stream.pause();
    const many = 4000;
    const request = requestOf("L".repeat(125));
    for (let count = 0; count < many; count += 1) stream.write(request);
    let before = -1;
    await waitFor("the service to stop", async () => {
      const now = metric("chunks_total");
      if (now > 0 && now === before) return true;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return undefined;
    });
    expect(metric("chunks_total")).toBeLessThan(many);
    stream.stream.resume();
    await messagesOf(stream, many);
  });
});

describe("a peer that opens", () => {
  it.each([
    ["opens and resets", true],
    ["opens", false],
  ])("10,000 streams takes no machine by that, and does not get far: it %s them", async (_, reset) => {
    const metric = await serve();
    const socket = connect(path);
    socket.on("error", () => {});
    socket.resume();
    socket.write(Buffer.concat([preface, ...Array.from({ length: 10_000 }, (_, n) => openStream(n, reset))]));
    await expectService();
    // The one that was served, and one made ahead for the next.
    expect(metric("machines")).toBe(2);
    expect(metric("open_connections")).toBeLessThanOrEqual(1024);
    socket.destroy();
    await waitFor("all to be closed", () => (metric("open_connections") === 0 ? true : undefined));
  });

  it("streams with data, all at once, gets as many machines as there are", async () => {
    const metric = await serve();
    await using peer = await Peer.connect(path);
    const streams = Array.from({ length: 300 }, () => peer.open().write(requestOf("One")));
    await Promise.all(streams.map((stream) => messagesOf(stream, 1)));
    expect(metric("machines")).toBe(4);
    expect(metric("no_machine_total")).toBe(296);
    expect(metric("open_connections")).toBe(4);
    await peer[Symbol.asyncDispose]();
    await waitFor("all to be closed", () => (metric("open_connections") === 0 ? true : undefined));
    await expectService();
  });
});
