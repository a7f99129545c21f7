import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { EchoServer, parseFigures, runLoad } from "../../src/envoy/load.js";
import { WrongBytesError } from "../../src/payload.js";

const LOAD = { sizes: [1, 300], rounds: 2, existing: 3, fresh: 1 };

describe("the load client", () => {
  it("measures echoes of both kinds, and counts them", async () => {
    await using server = await EchoServer.start();
    const figures = await runLoad(new Map([["direct", server.port]]), LOAD);
    expect(figures.map(({ path, size, connection, count }) => [path, size, connection, count])).toEqual([
      ["direct", 1, "existing", 6],
      ["direct", 300, "existing", 6],
      ["direct", 1, "new", 2],
      ["direct", 300, "new", 2],
    ]);
    for (const { rounds, p25, median, p75, p99 } of figures) {
      expect(rounds).toHaveLength(2);
      expect([0, p25, median, p75, p99]).toEqual([0, p25, median, p75, p99].sort((a, b) => a - b));
    }
  });

  it("fails on a wrong byte, naming who answered", async () => {
    const server = createServer((socket) => {
      socket.on("data", (data) => socket.write(data.map((byte) => byte ^ 1)));
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const failed = runLoad(new Map([["bare", port]]), LOAD);
    await expect(failed).rejects.toThrow(WrongBytesError);
    await expect(failed).rejects.toThrow(/bare: wrong bytes: byte 0 of/);
    server.close();
  });

  it("fails when nobody listens", async () => {
    const server = await EchoServer.start();
    await server[Symbol.asyncDispose]();
    const failed = runLoad(new Map([["direct", server.port]]), LOAD);
    await expect(failed).rejects.toMatchObject({ code: "E_INTERNAL" });
  });
});

describe("parseFigures", () => {
  it("refuses a path that it does not know", () => {
    expect(parseFigures("\n")).toEqual([]);
    expect(() => parseFigures('{"target":"quic"}\n')).toThrow(/unknown target, quic/);
  });
});
