import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import { connectTcp } from "@twinwall/tool-envoy";
import { hostProblem, measureFloor } from "@twinwall/vmm-kvm";
import { WrongBytesError } from "../payload.js";
import { median } from "../statistics.js";
import type { MachineFloor } from "./goals.js";
import { EchoServer } from "./load.js";
import { readGuest } from "./parts.js";

const LOOPS = 2_000;
const CALLS = 1_000;
/** Flags and data of a chunk. */
const CHUNK_BYTES = 1 + 1024;

/** What the guest could call; without `init` it calls nothing. */
const HOST = {
  log: hostFunction({ params: [t.bytes], deferred: true }, () => undefined),
  count: hostFunction({ params: [t.i32, t.i64], deferred: true }, () => undefined),
  connection: hostFunction({ params: [t.bytes], result: t.bytes }, () => new Uint8Array()),
};

/** Measures what the machine takes by itself; `undefined` without KVM. */
export async function measureMachineFloor(): Promise<MachineFloor | undefined> {
  if (hostProblem() !== undefined) return undefined;
  return { loop: median([...measureFloor(LOOPS)]), call: median(await timeCalls()) };
}

/** Calls of the guest with a clean slate, each when a socket has woken the event loop, as a service makes them. */
async function timeCalls(): Promise<number[]> {
  using sandbox = await Sandbox.create({ module: readGuest(), machine: "kvm", host: HOST });
  await using server = await EchoServer.start();
  using client = await connectTcp({ port: server.port });
  const chunk = new Uint8Array(CHUNK_BYTES).fill(1);
  chunk[0] = 0;
  const times: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    await client.exchange(chunk);
    const start = performance.now();
    const result = sandbox.callBytes("on_data", chunk);
    times.push((performance.now() - start) * 1e6);
    if (Buffer.compare(chunk, result) !== 0)
      throw new WrongBytesError("call: the answer is not what was sent");
  }
  return times;
}
