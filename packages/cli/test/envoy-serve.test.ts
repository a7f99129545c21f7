import { lstatSync } from "node:fs";
import { connectTcp, envoyProblem, startEnvoy, waitFor } from "@twinwall/tool-envoy";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Running, startTwinwall, twinwall, wrong } from "./support/cli.js";
import { noKvm } from "./support/machine.js";
import { buildModules, type Modules } from "./support/modules.js";

let modules: Modules;
beforeAll(async () => {
  modules = await buildModules();
});
afterAll(() => modules.dispose());

/** Starts a service on a socket of its own. */
async function serve(name: string, ...words: string[]): Promise<Running & { address: string; path: string }> {
  const path = modules.path(`${name}.sock`);
  const module = ["--module", modules.path("connection.wasm")];
  const running = await startTwinwall(["envoy", "serve", ...module, "--listen", `unix:${path}`, ...words]);
  return { ...running, address: `unix:${path}`, path };
}

/** An Envoy with the configuration that the command line makes. */
async function envoyFor(service: string, ...words: string[]) {
  const listen = ["--listen", "127.0.0.1:0", ...words];
  const made = await twinwall(["envoy", "config", "--ext-proc", "--service", service, ...listen]);
  expect(made).toMatchObject({ status: 0, stderr: "" });
  const envoy = await startEnvoy({ config: made.stdout.toString() });
  onTestFinished(async () => void (await envoy.stop()));
  return envoy;
}

describe.each([
  ["kvm", noKvm],
  ["soft", undefined],
])("twinwall envoy serve --machine %s", (machine, noMachine) => {
  const problem = noMachine ?? envoyProblem();

  it("runs a guest on the connections of a real Envoy, and ends when told", async (context) => {
    context.skip(problem !== undefined, problem);
    const service = await serve(
      machine,
      "--machine",
      machine,
      "--metrics",
      "127.0.0.1:0",
      "--drain",
      "100ms",
    );
    expect(service.line).toMatch(
      new RegExp(
        `^twinwall envoy: ready on ${service.address}; machine: ${machine} \\(.*\\); metrics: http://`,
      ),
    );
    const envoy = await envoyFor(service.address);
    using client = await connectTcp(envoy);
    expect((await client.exchange(Buffer.from("hello"))).toString()).toBe("HELLO");
    using trapped = await connectTcp(envoy);
    await trapped.send("?");
    expect((await trapped.readToEnd()).bytes).toHaveLength(0);
    const url = /http:\/\/\S+$/.exec(service.line)?.[0] ?? "";
    const metrics = await (await fetch(url)).text();
    expect(metrics).toMatch(/^twinwall_envoy_connections_total 2$/m);
    expect(metrics).toMatch(/^twinwall_envoy_failures_total\{code="E_TRAP"\} 1$/m);
    // The first client stays as long as the drain time lets it.
    expect(await service.end("SIGTERM")).toBe(0);
    expect((await client.readToEnd()).bytes).toHaveLength(0);
    expect(lstatSync(service.path, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe("the socket's file", () => {
  it("is replaced when nobody listens on it, and left alone when somebody does", async () => {
    const killed = await serve("stale", "--machine", "soft");
    expect(await killed.end("SIGKILL")).toBeNull();
    expect(lstatSync(killed.path).isSocket()).toBe(true);
    const second = await serve("stale", "--machine", "soft");
    const module = ["--module", modules.path("connection.wasm"), "--machine", "soft"];
    const third = await twinwall(["envoy", "serve", ...module, "--listen", second.address]);
    expect(third.stderr).toMatch(/^twinwall: E_OPTION: cannot listen on .*stale.sock: EADDRINUSE\n$/);
    expect(third.status).toBe(2);
    expect(await second.end("SIGINT")).toBe(0);
  });
});

it("a second signal ends it without a drain", async (context) => {
  const problem = envoyProblem();
  context.skip(problem !== undefined, problem);
  const service = await serve("twice", "--machine", "soft", "--drain", "60s");
  const envoy = await envoyFor(service.address, "--directions", "read");
  using client = await connectTcp(envoy);
  expect((await client.exchange(Buffer.from("a"))).toString()).toBe("A");
  const ended = service.end("SIGTERM");
  await waitFor("the end of listening", () =>
    lstatSync(service.path, { throwIfNoEntry: false }) === undefined ? true : undefined,
  );
  expect(await Promise.all([ended, service.end("SIGTERM")])).toEqual([null, null]);
});

describe("what does not go", () => {
  const module = () => ["--module", modules.path("connection.wasm")];
  const listen = ["--listen", "127.0.0.1:0", "--machine", "soft"];

  it.each<[string, () => string[], number, RegExp]>([
    ["no module", () => listen, 2, /required option '--module/],
    ["nowhere to listen", module, 2, /required option '--listen/],
    ["a place that is none", () => [...module(), "--listen", "here"], 2, /--listen: "here" is no HOST:PORT/],
    [
      "metrics nowhere",
      () => [...module(), ...listen, "--metrics", "9100"],
      2,
      /--metrics: "9100" is no HOST:PORT/,
    ],
    [
      "a drain time that is none",
      () => [...module(), ...listen, "--drain", "soon"],
      2,
      /--drain: "soon" is no time/,
    ],
    ["no deadline", () => [...module(), ...listen, "--deadline", "none"], 2, /a deadline is between/],
    ["a machine that is none", () => [...module(), ...listen, "--machine", "xen"], 2, /--machine/],
    [
      "an option of the other way",
      () => [...module(), ...listen, "--terminal"],
      2,
      /unknown option '--terminal'/,
    ],
    [
      "a module that is not there",
      () => ["--module", "/nowhere.wasm", ...listen],
      3,
      /E_NO_FILE: .*nowhere.wasm/,
    ],
    [
      "a module without the function",
      () => ["--module", modules.path("scalars.wasm"), ...listen],
      3,
      /E_NO_FUNCTION: .*on_data/,
    ],
    [
      "an address of another machine",
      () => [...module(), "--listen", "192.0.2.1:1", "--machine", "soft"],
      2,
      /cannot listen on/,
    ],
  ])("%s", async (_, words, expected, text) => {
    const { status, stderr } = await wrong(["envoy", "serve", ...words()]);
    expect(stderr).toMatch(text);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(expected);
  });

  it("a machine that the environment names", async () => {
    const words = ["envoy", "serve", ...module(), "--listen", "127.0.0.1:0"];
    const { status, stderr } = await twinwall(words, { env: { TWINWALL_MACHINE: "xen" } });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/E_OPTION: .*"xen"/) as string,
    });
  });
});
