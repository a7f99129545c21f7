import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  connectTcp,
  type Envoy,
  envoyProblem,
  findEnvoy,
  freePort,
  freshBaseId,
  replaceFile,
  type StartOptions,
  startEnvoy,
  startUpstream,
  validate,
  waitFor,
} from "../src/index.js";
import { echo, listening, proxy } from "./support/configurations.js";

const problem = envoyProblem();

async function start(options: StartOptions): Promise<Envoy> {
  const envoy = await startEnvoy(options);
  onTestFinished(async () => void (await envoy.stop()));
  return envoy;
}

test("an Envoy that is named but not there is a problem", () => {
  vi.stubEnv("TWINWALL_ENVOY", "/nowhere/envoy");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(findEnvoy()).toBeUndefined();
  expect(envoyProblem()).toBe("no Envoy at /nowhere/envoy (TWINWALL_ENVOY)");
});

describe("a real Envoy", () => {
  beforeEach((context) => context.skip(problem !== undefined, problem));

  test("echoes, counts, and says what it holds", async () => {
    const envoy = await start({ config: echo, concurrency: 2 });
    using client = await connectTcp(envoy);
    const data = Buffer.alloc(100_000, "0123456789");
    expect((await client.exchange(data)).equals(data)).toBe(true);
    const stats = await envoy.stats("listener.127.0.0.1_0.downstream_cx_");
    expect(stats["listener.127.0.0.1_0.downstream_cx_total"]).toBe(1);
    expect(Object.keys(stats).every((name) => name.startsWith("listener.127.0.0.1_0."))).toBe(true);
    expect(await envoy.stat("no.such.counter")).toBe(0);
    expect(JSON.parse(await envoy.admin("/server_info"))).toMatchObject({ state: "LIVE" });
    await expect(envoy.admin("/nothing")).rejects.toThrow("GET /nothing: 404");
    expect(envoy.log.matching(/starting main dispatch loop/)).toHaveLength(1);
    if (process.platform !== "linux") return;
    expect(envoy.residentBytes()).toBeGreaterThan(10 ** 7);
    expect(envoy.fileDescriptors().filter((name) => name.startsWith("socket:")).length).toBeGreaterThan(2);
    expect(envoy.threads().length).toBeGreaterThan(3);
  });

  test("several run at once, and each ends when told, by force if need be", async () => {
    const envoys = await Promise.all([start({ config: echo }), start({ config: JSON.stringify(echo) })]);
    const [first, second] = envoys as [Envoy, Envoy];
    expect(first.port).not.toBe(second.port);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    await expect(connectTcp(first)).rejects.toThrow("ECONNREFUSED");
    second.signal("SIGSTOP");
    expect(await second.stop(500)).toEqual({ code: null, signal: "SIGKILL" });
    expect(existsSync(`/proc/${second.pid}`)).toBe(false);
  });

  test("a configuration that it refuses is told with its words", async () => {
    const config = listening({
      name: "none",
      typed_config: { "@type": "type.googleapis.com/no.such.Filter" },
    });
    await expect(startEnvoy({ config })).rejects.toThrow(
      /Envoy ended with status 1\n(?:.*\n)*.*no\.such\.Filter/,
    );
    const refused = await validate(config);
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain("no.such.Filter");
    expect(await validate(echo)).toMatchObject({ ok: true });
    expect((await validate("a: [")).ok).toBe(false);
  });

  test("listeners can be replaced while it runs", async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinwall-lds-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "lds.yaml");
    const [listener] = (echo as { static_resources: { listeners: object[] } }).static_resources.listeners;
    const type = "type.googleapis.com/envoy.config.listener.v3.Listener";
    const resources = (name: string) => ({ resources: [{ ...listener, "@type": type, name }] });
    await replaceFile(file, resources("one"));
    const source = { path_config_source: { path: file } };
    const config = {
      node: { id: "test", cluster: "test" },
      dynamic_resources: { lds_config: { ...source, resource_api_version: "V3" } },
    };
    const envoy = await start({ config, extraArgs: ["--drain-time-s", "1"] });
    expect([...envoy.ports.keys()]).toEqual(["one"]);
    await replaceFile(file, resources("two"));
    const port = await waitFor("listener two", async () => (await envoy.refreshPorts()).get("two"));
    using client = await connectTcp({ port });
    expect((await client.exchange(Buffer.from("hello"))).toString()).toBe("hello");
  });

  test("one takes over from another", async () => {
    const baseId = freshBaseId();
    const port = await freePort();
    const config = JSON.parse(JSON.stringify(echo).replace('"port_value":0', `"port_value":${port}`));
    const extraArgs = ["--drain-time-s", "1", "--parent-shutdown-time-s", "2"];
    const old = await start({ config, baseId, extraArgs });
    await start({ config, baseId, restartEpoch: 1, extraArgs });
    using client = await connectTcp({ port });
    expect((await client.exchange(Buffer.from("hello"))).toString()).toBe("hello");
    expect(await old.exited).toEqual({ code: 0, signal: null });
    expect((await client.exchange(Buffer.from("again"))).toString()).toBe("again");
  });

  test("a client sees who closes, and how", async () => {
    await using upstream = await startUpstream((socket) => {
      socket.on("data", (data) => {
        if (data.toString() === "fin") socket.end("bye");
        else if (data.toString() === "echo") socket.write(data);
      });
      socket.on("end", () => socket.end("you closed"));
    });
    const envoy = await start({ config: proxy(upstream.port) });
    using first = await connectTcp(envoy);
    await first.send("fin");
    expect((await first.read(2)).toString()).toBe("by");
    expect(first.available).toBeLessThanOrEqual(1);
    expect(await first.readToEnd()).toEqual({ bytes: Buffer.from("e"), closed: "fin" });

    using second = await connectTcp(envoy);
    await second.send("nothing");
    await expect(second.read(1, 50)).rejects.toThrow("waited 50 ms for 1; 0 bytes had come");
    await expect(second.closed(50)).rejects.toThrow("waited 50 ms for a close");
    second.halfClose();
    expect(await second.readToEnd()).toEqual({ bytes: Buffer.from("you closed"), closed: "fin" });

    using third = await connectTcp(envoy);
    await third.exchange(Buffer.from("echo"));
    upstream.connections.at(-1)?.resetAndDestroy();
    await expect(third.read(1)).rejects.toThrow(/closed \(\w+\) after 0 of 1 bytes/);
  });
});

test("a client tells a reset from an end", async () => {
  await using upstream = await startUpstream((socket) => socket.once("data", () => socket.resetAndDestroy()));
  using client = await connectTcp(upstream);
  await client.send("x");
  expect(await client.closed()).toBe("reset");
  await expect(connectTcp({ port: await freePort() })).rejects.toThrow("ECONNREFUSED");
});
