import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { waitFor } from "@twinwall/tool-envoy";
import { afterEach, describe, expect, it } from "vitest";
import { PATIENCE } from "../support/envoy.js";
import { untilMetric, useFixture } from "../support/fixture.js";
import { machines, needsMachine } from "../support/machines.js";

const fixture = useFixture();

/** Commands that fail, with the code of what they fail with. */
const failures = [
  ["t", "E_TRAP", "traps"],
  ["h", "E_DEADLINE", "hangs"],
  ["m", "E_TRAP", "takes all memory and traps"],
  ["g", "E_GUEST_ERROR", "fails by itself"],
  ["z", "E_BAD_REPLY", "answers nothing"],
  ["u", "E_BAD_REPLY", "answers with unknown flags"],
  ["l\u0009", "E_HOST_FUNCTION", "logs with an unknown level"],
  ["N", "E_HOST_FUNCTION", "counts what is no counter"],
  ["-", "E_HOST_FUNCTION", "counts less than nothing"],
  ["e", "E_HOST_FUNCTION", "writes the end of a stream"],
  ["x", "E_HOST_FUNCTION", "writes where Envoy waits for answers"],
] as const;

describe.each(machines)("a guest in machine %s", (machine) => {
  needsMachine(machine);

  describe.each(["call", "connection"] as const)("with state per %s", (state) => {
    it.each(failures)("command %j, %s: it %s", async (command, code) => {
      const deadline = code === "E_DEADLINE" ? "200ms" : PATIENCE;
      const served = await fixture.serve({ machine, state, counters: ["seen"], limits: { deadline } });
      using bystander = await fixture.connect("proxy");
      expect((await bystander.exchange(Buffer.from("Before"))).toString()).toBe("Before");
      using client = await fixture.connect("proxy");
      expect((await client.exchange(Buffer.from("Before"))).toString()).toBe("Before");
      const far = fixture.upstream.connections.at(-1);
      const seen: Buffer[] = [];
      far?.on("data", (data: Buffer) => seen.push(data));

      await client.send(`${command} and more`);
      const { bytes } = await client.readToEnd();
      expect(bytes.toString()).toBe("");
      await untilMetric(served, `failures_total{code="${code}"}`, 1);
      expect(seen).toEqual([]);
      expect(served.log.filter(({ source }) => source === "service")).toEqual([
        expect.objectContaining({ level: "error", text: expect.stringContaining(code) }),
      ]);
      // The others go on, and so does the next.
      expect((await bystander.exchange(Buffer.from("After"))).toString()).toBe("After");
      using next = await fixture.connect("proxy");
      expect((await next.exchange(Buffer.from("After"))).toString()).toBe("After");
    });
  });

  it("a chunk for which it has no memory", async () => {
    const served = await fixture.serve({
      machine,
      limits: { memory: "192KiB", deadline: PATIENCE },
      module: tight(),
    });
    using client = await fixture.connect("proxy-read");
    expect((await client.exchange(Buffer.from("Before"))).toString()).toBe("Before");
    await client.send(Buffer.alloc(60_000, "B"));
    await client.closed();
    await untilMetric(served, 'failures_total{code="E_MEMORY"}', 1);
    using next = await fixture.connect("proxy-read");
    expect((await next.exchange(Buffer.from("After"))).toString()).toBe("After");
  });
});

/** A guest with one page, that returns its input. */
function tight(): string {
  return fixture.folder.module(
    "tight",
    `(module
      (memory (export "memory") 1)
      (func (export "twinwall_allocate") (param i32) (result i32)
        (select (i32.const 0) (i32.const 16384) (i32.gt_u (local.get 0) (i32.const 49152))))
      (func (export "on_data") (param i32 i32) (result i64)
        (i32.store8 (local.get 0) (i32.const 0))
        (i64.or
          (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
          (i64.extend_i32_u (local.get 1)))))`,
  );
}

describe("a direction that the service is not told of", () => {
  it.each([
    ["read", "proxy", "client"],
    ["write", "proxy-read", "upstream"],
  ] as const)(
    "%s, before listener %s: nothing passes towards the %s",
    async (directions, listener, towards) => {
      const served = await fixture.serve({ directions });
      using client = await fixture.connect(listener);
      await client.send("Lost");
      expect((await client.readToEnd()).bytes.toString()).toBe("");
      expect(served.log).toEqual([expect.objectContaining({ text: expect.stringContaining(towards) })]);
      expect(served.metric('failures_total{code="E_OPTION"}')).toBe(1);
    },
  );
});

describe("machines", () => {
  it("a connection beyond the most is closed and counted; one that ends makes room", async () => {
    const served = await fixture.serve({ state: "connection", machines: 2, warm: 1 });
    using first = await fixture.connect("proxy-read");
    using second = await fixture.connect("proxy-read");
    await first.exchange(Buffer.from("One"));
    await second.exchange(Buffer.from("Two"));
    using third = await fixture.connect("proxy-read");
    await third.send("Three");
    expect((await third.readToEnd()).bytes.toString()).toBe("");
    expect(served.metric("no_machine_total")).toBe(1);
    expect(served.metric("machines")).toBe(2);

    first.halfClose();
    await first.closed();
    await untilMetric(served, "open_connections", 1);
    using fourth = await fixture.connect("proxy-read");
    expect((await fourth.exchange(Buffer.from("Four"))).toString()).toBe("Four");
  });

  it("come back from connections that fail, are reset or wait for one", async () => {
    const limits = { deadline: "200ms" } as const;
    const served = await fixture.serve({ state: "connection", machines: 4, warm: 0, limits });
    for (let round = 0; round < 30; round += 1) {
      const client = await fixture.connect("proxy-read");
      await client.send(["t", "Reset", "c", "h"][round % 4] ?? "");
      if (round % 4 === 1) client.reset();
      else await client.closed();
      client[Symbol.dispose]();
    }
    await untilMetric(served, "open_connections", 0);
    expect(served.metric("idle_machines")).toBe(served.metric("machines"));
    using client = await fixture.connect("proxy-read");
    await client.exchange(Buffer.from("After"));
  });
});

describe("a service that is not there", () => {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
  });

  async function startProcess(): Promise<ChildProcess> {
    const program = fileURLToPath(new URL("../support/service.mjs", import.meta.url));
    const options = JSON.stringify({ module: fixture.module, limits: { deadline: PATIENCE } });
    const child = spawn(process.execPath, [program, fixture.path, options], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    await once(child.stdout ?? child, "data");
    return child;
  }

  /** Nothing of what is sent may come out at either side. */
  async function expectClosed(data: string): Promise<void> {
    using client = await fixture.connect("proxy-hasty");
    await client.send(data);
    const { bytes } = await client.readToEnd(3000);
    expect(bytes.toString()).toBe("");
  }

  it("absent: connections are closed, until it is there", async () => {
    await expectClosed("Lost");
    await fixture.serve();
    using client = await fixture.connect("proxy");
    expect((await client.exchange(Buffer.from("There"))).toString()).toBe("There");
  });

  it("killed: its connections are closed, and another one takes its place on the same socket", async () => {
    const child = await startProcess();
    using client = await fixture.connect("proxy");
    expect((await client.exchange(Buffer.from("There"))).toString()).toBe("There");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect((await client.readToEnd(3000)).bytes.toString()).toBe("");
    await expectClosed("Lost");
    await fixture.serve();
    using next = await fixture.connect("proxy");
    expect((await next.exchange(Buffer.from("There"))).toString()).toBe("There");
  });

  it("stopped in mid-connection: the connection is closed within Envoy's patience", async () => {
    const child = await startProcess();
    using client = await fixture.connect("proxy-hasty");
    expect((await client.exchange(Buffer.from("There"))).toString()).toBe("There");
    child.kill("SIGSTOP");
    await client.send("Lost");
    expect((await client.readToEnd(3000)).bytes.toString()).toBe("");
    await expectClosed("Lost");
  });

  it("deaf: connections are closed within Envoy's patience", async () => {
    rmSync(fixture.path, { force: true });
    const sockets: Socket[] = [];
    const deaf = createServer((socket) => void sockets.push(socket)).listen(fixture.path);
    await once(deaf, "listening");
    try {
      // Envoy may not know yet that the one before is gone.
      for (let round = 0; round < 5 && sockets.length === 0; round += 1) await expectClosed("Lost");
      expect(sockets.length).toBeGreaterThan(0);
    } finally {
      for (const socket of sockets) socket.destroy();
      deaf.close();
    }
  });
});

describe("closing", () => {
  it("lets open connections end, takes no new ones, and gives everything back", async () => {
    const served = await fixture.serve({ state: "connection" });
    using client = await fixture.connect("proxy");
    await client.exchange(Buffer.from("Before"));
    let closed = false;
    const closing = served.service.close({ drain: "20s" }).then(() => {
      closed = true;
    });
    using refused = await fixture.connect("proxy");
    await refused.send("Lost");
    expect((await refused.readToEnd()).bytes.toString()).toBe("");
    for (let round = 0; round < 20; round += 1) {
      expect((await client.exchange(Buffer.from("Still"))).toString()).toBe("Still");
    }
    expect(closed).toBe(false);
    client.halfClose();
    await client.closed();
    await closing;
    expect(served.metric("machines")).toBe(0);
  });

  // Envoy takes the good end of a stream for "no more processing", and would pass on what follows as it is.
  it("ends connections that outlast the drain time, and nothing passes unprocessed", async () => {
    const served = await fixture.serve();
    using client = await fixture.connect("proxy");
    await client.exchange(Buffer.from("Before"));
    const far = fixture.upstream.connections.at(-1);
    const seen: Buffer[] = [];
    far?.on("data", (data: Buffer) => seen.push(data));
    const closing = served.service.close({ drain: "50ms" });
    await client.closed();
    await client.send("Lost");
    await closing;
    expect(seen).toEqual([]);
    const graceful = await fixture.envoy.stat("network_ext_proc.twinwall.streams_grpc_close");
    expect(graceful).toBe(0);
  });

  it("is done once, and listens no more", async () => {
    const served = await fixture.serve();
    await Promise.all([served.service.close(), served.service.close({ drain: "none" })]);
    await expect(served.service.listen({ path: fixture.path })).rejects.toMatchObject({ code: "E_DISPOSED" });
  });
});

describe("the metrics endpoint", () => {
  it("serves metrics and health", async () => {
    const served = await fixture.serve();
    const address = await served.service.listenMetrics({ host: "127.0.0.1", port: 0 });
    const url = "port" in address ? `http://127.0.0.1:${address.port}` : "";
    using client = await fixture.connect("proxy");
    await client.exchange(Buffer.from("Count me"));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain("\ntwinwall_envoy_chunks_total 2\n");
    expect(metrics).toContain("# TYPE twinwall_envoy_open_connections gauge\n");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/else`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);

    const closing = served.service.close({ drain: "10s" });
    await waitFor("the drain", async () =>
      (await fetch(`${url}/healthz`)).status === 503 ? true : undefined,
    );
    client.halfClose();
    await closing;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
