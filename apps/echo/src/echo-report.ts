import { type MachineName, Sandbox } from "@twinwall/sandbox";
import { compare, type Latency } from "./latency.js";
import { LINES, type Line, type Meter, SOFT_BLOCK } from "./lines.js";
import { PAYLOAD_SIZES, pieces, showSize, verify } from "./payloads.js";
import { formatTable } from "./table.js";

const ROUNDS = 20;
const PER_ROUND = 50;

/** Decimals that a time is shown with: two below so many microseconds, else one. */
const FINE_BELOW = 10;

/**
 * Sends payloads of each size through the guest, checks every byte and returns the table of latencies: the lines of
 * these machines.
 *
 * @throws TwinwallError `E_NO_MACHINE` for a machine that is not here.
 */
export async function measureEcho(module: Uint8Array, machines: readonly MachineName[]): Promise<string> {
  const lines = LINES.filter(({ machine }) => machines.includes(machine));
  const open: { line: Line; meter: Meter }[] = [];
  try {
    for (const line of lines) open.push({ line, meter: await line.open(module) });
    const columns = PAYLOAD_SIZES.map((size) =>
      compare(
        open.map(({ line, meter }) => ({ name: key(line), run: (count) => meter.times(size, count) })),
        ROUNDS,
        PER_ROUND,
      ),
    );
    return `${latencyTable(lines, columns)}\n\n${note(machines)}`;
  } finally {
    for (const { meter } of open) meter[Symbol.dispose]();
  }
}

/** What the figures are figures of. */
function note(machines: readonly MachineName[]): string {
  const figures = (ROUNDS * PER_ROUND).toLocaleString("en");
  const blocks = `${figures} blocks of ${SOFT_BLOCK} calls`;
  const all = machines.includes("kvm") ? `${figures} calls on kvm, ${blocks} elsewhere` : blocks;
  return `Each figure: ${all}. Every byte of every answer was compared with what was sent.`;
}

function key({ label, name }: Line): string {
  return `${label} ${name}`;
}

function latencyTable(lines: readonly Line[], columns: readonly Map<string, Latency>[]): string {
  const head = ["µs, median / p99", ...PAYLOAD_SIZES.map(showSize), ""];
  const width = Math.max(...lines.map(({ label }) => label.length));
  const rows = lines.map((line) => [
    `${line.label.padEnd(width)}  ${line.name}`,
    ...columns.map((column) => showLatency(column.get(key(line)))),
    line.meaning,
  ]);
  return formatTable([head, ...rows]);
}

function showLatency(latency: Latency | undefined): string {
  return latency === undefined ? "" : `${showTime(latency.median)} / ${showTime(latency.p99)}`;
}

function showTime(microseconds: number): string {
  return microseconds.toFixed(microseconds < FINE_BELOW ? 2 : 1);
}

/** Sends a file through the guest piece by piece, in one session, and checks every byte. Returns the milliseconds. */
export async function echoFile(module: Uint8Array, bytes: Uint8Array, machine: MachineName): Promise<number> {
  using sandbox = await Sandbox.create({ module, machine });
  using session = sandbox.session();
  const start = performance.now();
  for (const piece of pieces(bytes)) verify(piece, session.callBytes("echo", piece));
  return performance.now() - start;
}
