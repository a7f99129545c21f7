import { connectTcp, type Envoy, envoyProblem, startEnvoy } from "@twinwall/tool-envoy";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createExtProcService, type EnvoyConfig, extProcConfig } from "../../src/index.js";
import { PATIENCE } from "../support/envoy.js";
import { metricOf } from "../support/fixture.js";
import { Folder } from "../support/guests.js";

// Node's HTTP/2 library takes about 1,000 resets from a session, then ends it with all that is under way, and Envoy resets a
// stream for every connection. So the number that counts is that of one worker's connections.

const soak = process.env["TWINWALL_SOAK"] === "1";
const CONNECTIONS = soak ? 10_000 : 1_300;

const folder = new Folder();
const path = folder.file("service.sock");
const module = folder.guest("commands");
const config = extProcConfig({ service: `unix:${path}`, listen: "127.0.0.1:0", deadline: PATIENCE });

afterAll(() => folder[Symbol.dispose]());

/** The same for a cluster that keeps its HTTP/2 connections: what someone else's configuration may lack. */
function withoutBound(whole: EnvoyConfig): EnvoyConfig {
  const text = JSON.stringify(whole);
  const changed = text.replace(/"max_requests_per_connection":\d+/, '"max_requests_per_connection":0');
  expect(changed).not.toBe(text);
  return JSON.parse(changed) as EnvoyConfig;
}

/** One connection: data there and back, closed one way or another. */
async function connection(envoy: Envoy, number: number): Promise<void> {
  using client = await connectTcp({ port: envoy.port });
  const data = Buffer.from(`Connection ${number}`);
  expect((await client.exchange(data)).equals(data)).toBe(true);
  if (number % 3 === 0) client.reset();
  else if (number % 3 === 1) client.halfClose();
}

async function connections(envoy: Envoy): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < CONNECTIONS) await connection(envoy, next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

describe(`${CONNECTIONS} short connections lose nothing`, () => {
  const problem = envoyProblem();
  beforeEach((context) => context.skip(problem !== undefined, problem));

  it.each([
    ["with the configuration of this package", config, "call", 0],
    ["with one that does not bound streams", withoutBound(config), "connection", 1],
  ] as const)(
    "%s",
    async (_, used, state, rotations) => {
      await using envoy = await startEnvoy({ config: used });
      await using service = await createExtProcService({ module, state, limits: { deadline: PATIENCE } });
      await service.listen({ path });
      await connections(envoy);
      const metric = (name: string): number => metricOf(service.metrics(), name);
      expect(metric("connections_total")).toBe(CONNECTIONS);
      expect(metric("chunks_total")).toBeGreaterThanOrEqual(2 * CONNECTIONS);
      if (rotations === 0) expect(metric("session_rotations_total")).toBe(0);
      else expect(metric("session_rotations_total")).toBeGreaterThanOrEqual(rotations);
      expect(await envoy.stat("network_ext_proc.twinwall.streams_grpc_error")).toBe(0);
      expect(await envoy.stat("network_ext_proc.twinwall.message_timeouts")).toBe(0);
    },
    soak ? 300_000 : 60_000,
  );
});
