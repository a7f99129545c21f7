import { randomBytes } from "node:crypto";
import { connectTcp, type TcpClient } from "@twinwall/tool-envoy";

/** Bytes of the echoes that are sent. */
export const SIZES = [128, 1024, 4096] as const;

/** Where echoes are sent: a port of 127.0.0.1, and the name of what answers there. */
export interface Target {
  readonly name: string;
  readonly port: number;
}

/** Median latencies by size, microseconds. */
export interface Medians {
  readonly target: string;
  readonly connection: "existing" | "new";
  readonly bySize: ReadonlyMap<number, number>;
}

/** What was sent, and how long it took. */
export interface EchoReport {
  readonly echoes: number;
  readonly bytes: number;
  readonly medians: readonly Medians[];
}

/** How often each size is sent. */
const ROUNDS = 10;
const PER_ROUND = 20;
const NEW_PER_ROUND = 3;

/**
 * Sends echoes of all sizes to all targets in turn, on a connection that stays open and on new ones, and compares every
 * byte. The first round warms up.
 *
 * @throws Error for a wrong byte, a connection that closes, or an answer that does not come.
 */
export async function sendEchoes(targets: readonly Target[]): Promise<EchoReport> {
  const times = new Map<string, number[]>();
  const note = (key: string, round: number, time: number): void => {
    if (round > 0) times.set(key, [...(times.get(key) ?? []), time]);
  };
  const count = { echoes: 0, bytes: 0 };
  const counted = async (client: TcpClient, size: number): Promise<void> => {
    await echo(client, size);
    count.echoes += 1;
    count.bytes += size;
  };
  const clients = await Promise.all(targets.map(({ port }) => connectTcp({ port })));
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      for (const size of SIZES) {
        for (const [index, { name, port }] of targets.entries()) {
          const client = clients[index] as TcpClient;
          for (let turn = 0; turn < PER_ROUND; turn++) {
            note(`${name} existing ${size}`, round, await timed(() => counted(client, size)));
          }
          for (let turn = 0; turn < NEW_PER_ROUND; turn++) {
            const anew = async (): Promise<void> => {
              using fresh = await connectTcp({ port });
              await counted(fresh, size);
            };
            note(`${name} new ${size}`, round, await timed(anew));
          }
        }
      }
    }
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
  const medians = (["existing", "new"] as const).flatMap((connection) =>
    targets.map(({ name }) => {
      const bySize = SIZES.map(
        (size) => [size, median(times.get(`${name} ${connection} ${size}`) ?? [])] as const,
      );
      return { target: name, connection, bySize: new Map(bySize) };
    }),
  );
  return { ...count, medians };
}

/** Sends fresh bytes and compares what comes back. */
export async function echo(client: TcpClient, size: number): Promise<void> {
  const sent = randomBytes(size);
  const received = await client.exchange(sent);
  const wrong = sent.findIndex((byte, index) => byte !== received[index]);
  if (wrong >= 0) throw new Error(`wrong answer: byte ${wrong} of ${size} differs`);
}

/** Microseconds. */
async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) * 1000;
}

/** The middle one, or the lower of the two in the middle. Not a number for none. */
export function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.floor((ascending.length - 1) / 2)] ?? Number.NaN;
}
