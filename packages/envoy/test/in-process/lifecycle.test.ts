import { randomInt } from "node:crypto";
import {
  connectTcp,
  type Envoy,
  freePort,
  freshBaseId,
  replaceFile,
  startEnvoy,
  startUpstream,
  waitFor,
} from "@twinwall/tool-envoy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Folder } from "../support/guests.js";
import {
  compileGuest,
  compileText,
  counter,
  inProcessProblem,
  listeners,
  moduleEnvironment,
  needsInProcess,
  startInProcess,
} from "../support/in-process.js";
import { payload } from "../support/payload.js";

const soak = process.env["TWINWALL_SOAK"] === "1";
const PATIENCE = soak ? 900_000 : 60_000;

/** Far more than a call takes, on a busy machine too. */
const PATIENT = { deadline: "3s" } as const;

const folder = new Folder();
let module = "";

needsInProcess();
beforeAll(async () => {
  if (inProcessProblem() === undefined) module = await compileGuest(folder, "commands");
});
afterAll(() => folder[Symbol.dispose]());

/** What an Envoy holds of machines: descriptors of KVM, and threads, of which some are ours. */
function holdings(envoy: Envoy): { kvm: number; files: number; threads: number; ours: number } {
  const files = envoy.fileDescriptors();
  const threads = envoy.threads();
  return {
    kvm: files.filter((file) => /kvm/.test(file)).length,
    files: files.length,
    threads: threads.length,
    ours: threads.filter((name) => name.startsWith("twinwall")).length,
  };
}

const CHUNKS = soak ? 100_000 : 4_000;

describe(`${CHUNKS} chunks of random sizes over 16 connections and 2 workers`, () => {
  it.each([
    ["inline", "call"],
    ["inline", "connection"],
    ["thread", "connection"],
  ] as const)(
    "placement %s, state per %s: no byte is wrong",
    async (placement, state) => {
      await using upstream = await startUpstream();
      await using envoy = await startInProcess(
        [
          {
            name: "twinwall",
            connection: { module, placement, state, limits: PATIENT },
            upstream: upstream.port,
          },
        ],
        { concurrency: 2 },
      );
      let left = CHUNKS / 2; // each is a chunk in both directions
      const connection = async (): Promise<void> => {
        using client = await connectTcp(envoy);
        while (left-- > 0) {
          const data = payload(randomInt(1, 4096));
          expect((await client.exchange(data)).equals(data)).toBe(true);
        }
      };
      await Promise.all(Array.from({ length: 16 }, connection));
      expect(await counter(envoy, "chunks")).toBeGreaterThanOrEqual(CHUNKS);
      expect(await counter(envoy, "failures")).toBe(0);
    },
    PATIENCE,
  );
});

/** Most of a worker. */
const MACHINES = 8;
const HOSTILE = soak ? 100_000 : 800;

describe(`${HOSTILE} hostile calls`, () => {
  it.each(["inline", "thread"] as const)(
    "placement %s: Envoy lives, and its memory stays flat",
    async (placement) => {
      await using envoy = await startInProcess(
        [
          {
            name: "twinwall",
            connection: {
              module,
              placement,
              terminal: true,
              machines: MACHINES,
              limits: { memory: "4MiB", deadline: "2ms" },
            },
          },
        ],
        { concurrency: 2, logLevel: "error" },
      );
      // Mostly what ends quickly; now and then what takes a whole deadline.
      const commands = ["t", "m", "z", "u", "gno", "N", "-", "e", "l\x02x", "c", "w!"];
      const hostile = async (count: number): Promise<void> => {
        let left = count;
        const attacker = async (): Promise<void> => {
          while (left-- > 0) {
            using client = await connectTcp(envoy);
            await client.send(left % 50 === 0 ? "h" : (commands[left % commands.length] ?? "t"));
            if (left % 7 === 0) continue;
            client.halfClose();
            await client.closed(10_000);
          }
        };
        await Promise.all(Array.from({ length: 8 }, attacker));
      };
      await hostile(HOSTILE / 2);
      const before = { bytes: envoy.residentBytes(), ...holdings(envoy) };
      await hostile(HOSTILE / 2);
      await waitFor(
        "connections to end",
        async () =>
          (await envoy.stat("listener.127.0.0.1_0.downstream_cx_active")) === 0 ? true : undefined,
        10_000,
      );
      const after = { bytes: envoy.residentBytes(), ...holdings(envoy) };
      expect(after.bytes - before.bytes).toBeLessThan(24 * 2 ** 20);
      // A virtual machine and its processor, for each of two workers' machines; the device itself.
      expect(after.kvm).toBeLessThanOrEqual(2 * 2 * MACHINES + 1);
      expect(after.files).toBeLessThan(before.files + 2 * 2 * MACHINES + 8);
      using client = await connectTcp(envoy);
      const data = payload(1000);
      expect((await client.exchange(data)).equals(data)).toBe(true);
    },
    PATIENCE,
  );
});

const REPLACEMENTS = soak ? 100 : 2;

it(
  `a listener that is removed and added ${REPLACEMENTS} times leaves no machine behind`,
  async () => {
    const file = folder.file("listeners.json");
    const type = "type.googleapis.com/envoy.config.listener.v3.Listener";
    const write = async (name: string | undefined): Promise<void> => {
      const plans = (["inline", "thread"] as const).map((placement) => ({
        name: `${name}-${placement}`,
        connection: { module, placement, terminal: true, warm: 3, limits: PATIENT },
      }));
      const made = name === undefined ? [] : (await listeners(plans)).listeners;
      await replaceFile(file, { resources: made.map((listener) => ({ "@type": type, ...listener })) });
    };
    await write("first");
    const source = { path_config_source: { path: file }, resource_api_version: "V3" };
    await using envoy = await startEnvoy({
      config: { node: { id: "test", cluster: "test" }, dynamic_resources: { lds_config: source } },
      env: moduleEnvironment(),
      concurrency: 2,
      extraArgs: ["--drain-time-s", "1"],
    });
    const gone = async (): Promise<void> => {
      await write(undefined);
      const over = (): true | undefined => {
        const { kvm, ours } = holdings(envoy);
        // A thread ends a moment after the machine that it had.
        return kvm <= 1 && ours === 0 ? true : undefined;
      };
      await waitFor("the machines to go", over, 10_000);
    };
    const use = async (): Promise<void> => {
      await envoy.refreshPorts();
      for (const port of envoy.ports.values()) {
        using client = await connectTcp({ port });
        expect((await client.exchange(Buffer.from([0x80, 0x81]))).length).toBe(2);
      }
    };
    await use();
    await gone();
    const before = holdings(envoy);
    for (let round = 0; round < REPLACEMENTS; round += 1) {
      await write(`round-${round}`);
      await waitFor(
        "the listeners",
        async () => {
          await envoy.refreshPorts();
          return envoy.ports.has(`round-${round}-thread`) ? true : undefined;
        },
        10_000,
      );
      await use();
      expect(holdings(envoy).kvm).toBeGreaterThan(6);
      await gone();
    }
    const after = holdings(envoy);
    expect(after.kvm).toBe(before.kvm);
    expect(after.threads).toBeLessThanOrEqual(before.threads);
    expect(after.files).toBeLessThanOrEqual(before.files + 4);
  },
  PATIENCE,
);

it("a hot restart hands the listener over", async () => {
  const port = await freePort();
  const { listeners: made } = await listeners([
    { name: "twinwall", connection: { module, terminal: true, state: "connection", limits: PATIENT } },
  ]);
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const config = { static_resources: { listeners: made.map((listener) => ({ ...listener, address })) } };
  const common = { config, env: moduleEnvironment(), baseId: freshBaseId() };
  const extraArgs = ["--drain-time-s", "1", "--parent-shutdown-time-s", "3"];
  await using old = await startEnvoy({ ...common, extraArgs });
  using kept = await connectTcp({ port });
  await kept.send("s");
  expect((await kept.read(1)).toString()).toBe("1");
  await using young = await startEnvoy({ ...common, restartEpoch: 1, extraArgs });
  // Each has machines of its own.
  await kept.send("s");
  expect((await kept.read(1)).toString()).toBe("2");
  using fresh = await connectTcp({ port });
  await fresh.send("s");
  expect((await fresh.read(1)).toString()).toBe("1");
  await old.exited;
  await fresh.send("s");
  expect((await fresh.read(1)).toString()).toBe("2");
  expect(await counter(young, "connections")).toBeGreaterThanOrEqual(1);
}, 30_000);

it("a further connection costs its machine, and no more than a MiB beside the module's own memory", async () => {
  const small = await compileText(
    folder,
    "small",
    `(module
      (memory (export "memory") 1)
      (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
      (func (export "on_data") (param i32 i32) (result i64)
        (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))))`,
  );
  const MODULE_BYTES = 65_536;
  await using envoy = await startInProcess([
    { name: "twinwall", connection: { module: small, terminal: true, state: "connection", limits: PATIENT } },
  ]);
  const clients: AsyncDisposable[] = [];
  const open = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const client = await connectTcp(envoy);
      clients.push({ [Symbol.asyncDispose]: async () => client[Symbol.dispose]() });
      expect((await client.exchange(Buffer.from([0, 1, 2]))).length).toBe(3);
    }
  };
  await open(20);
  const before = envoy.residentBytes();
  await open(100);
  const each = (envoy.residentBytes() - before) / 100;
  expect(each).toBeLessThan(2 ** 20 + MODULE_BYTES);
  for (const client of clients) await client[Symbol.asyncDispose]();
});
