import { Sandbox } from "@twinwall/sandbox";
import { measureFloor, openKvmDriver } from "@twinwall/vmm-kvm";
import { type Contender, compare, type Latency, timeRuns } from "./latency.js";
import { openNativeEcho } from "./native-echo.js";
import { PAYLOAD_SIZES, pieces, randomPayload, showSize, verify } from "./payloads.js";
import { formatTable } from "./table.js";

const ROUNDS = 20;
const PER_ROUND = 50;

/** What each line of the table is, in its order. */
const LINES = [
  ["floor", "the machine's own round trip, no work"],
  ["native image", "echo as native code in the machine: one wall"],
  ["session call", "echo as WebAssembly in the machine: two walls"],
  ["clean slate", "the same, and everything put back afterwards"],
] as const;

/** Sends payloads of each size through the guest, checks every byte and returns the table of latencies. */
export async function measureEcho(module: Uint8Array): Promise<string> {
  using sandbox = await Sandbox.create({ module, machine: "kvm" });
  using other = await Sandbox.create({ module, machine: "kvm" });
  using native = openNativeEcho(openKvmDriver());
  using session = sandbox.session();
  const columns = PAYLOAD_SIZES.map((size) =>
    compare(
      [
        { name: "floor", run: (count) => measureFloor(count).map((nanoseconds) => nanoseconds / 1000) },
        echoing("native image", size, (input, output) => native.callInto(input, output)),
        echoing("session call", size, (input, output) => session.callInto("echo", input, output)),
        echoing("clean slate", size, (input, output) => other.callInto("echo", input, output)),
      ],
      ROUNDS,
      PER_ROUND,
    ),
  );
  return latencyTable(columns);
}

/** Sends fresh random bytes each time and checks what comes back, outside of the time. */
function echoing(
  name: string,
  size: number,
  call: (input: Uint8Array, output: Uint8Array) => number,
): Contender {
  const output = new Uint8Array(size);
  return {
    name,
    run: (count) =>
      Array.from({ length: count }, () => {
        const input = randomPayload(size);
        output.fill(0);
        let length = 0;
        const times = timeRuns(1, () => {
          length = call(input, output);
        });
        verify(input, output.subarray(0, length));
        return times[0] ?? Number.NaN;
      }),
  };
}

function latencyTable(columns: readonly Map<string, Latency>[]): string {
  const head = ["µs, median / p99", ...PAYLOAD_SIZES.map(showSize), ""];
  const lines = LINES.map(([name, meaning]) => [
    name,
    ...columns.map((column) => showLatency(column.get(name))),
    meaning,
  ]);
  return formatTable([head, ...lines]);
}

function showLatency(latency: Latency | undefined): string {
  return latency === undefined ? "" : `${latency.median.toFixed(1)} / ${latency.p99.toFixed(1)}`;
}

/** Sends a file through the guest piece by piece, in one session, and checks every byte. Returns the milliseconds. */
export async function echoFile(module: Uint8Array, bytes: Uint8Array): Promise<number> {
  using sandbox = await Sandbox.create({ module, machine: "kvm" });
  using session = sandbox.session();
  const start = performance.now();
  for (const piece of pieces(bytes)) verify(piece, session.callBytes("echo", piece));
  return performance.now() - start;
}
