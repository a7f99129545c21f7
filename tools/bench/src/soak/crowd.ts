import { setTimeout as sleep } from "node:timers/promises";
import { Sandbox } from "@twinwall/sandbox";
import { judge, type Row } from "../row.js";
import { ClosingStack } from "../stack.js";
import { MARGINS } from "./flatness.js";
import { PAGES } from "./guest.js";
import { type Holdings, kernelBytes, proportionalBytes, readHoldings, settle } from "./holdings.js";
import { optionsOf, type Source } from "./lives.js";
import { expectBytes, expectSame } from "./outcome.js";

/** Linear memory of the guest itself, bytes. */
const OWN_BYTES = PAGES * 65_536;
const IDLE_LIMIT = 2 ** 20;

/** More machines than are kept of closed sandboxes. */
const KEPT = 16;

/** How long what ends on other threads may take: idle threads wait ten seconds for more work. */
const PATIENCE_MS = 20_000;

/**
 * Has `count` sandboxes alive at once. Each answers when it is new; each keeps a value of its own while all others do; all
 * answer at the same time on threads; and when they are closed nothing of them is left.
 *
 * @throws WrongOutcomeError when one answers wrongly.
 */
export async function measureCrowd(source: Source, count: number): Promise<Row[]> {
  await using first = await Sandbox.create(optionsOf(source));
  const { writableBytes } = first.stats();
  // Machines of closed sandboxes are kept for others, and threads for later calls: they are there before and after.
  await fewTogether(source);
  await settle();
  const before = readHoldings();
  const figures = await liveTogether(source, count);
  const crowd = {
    id: `soak-${source.machine}-live`,
    what: `${source.machine}: ${count.toLocaleString("en-US")} live sandboxes`,
  };
  return [
    memoryRow(crowd, figures, writableBytes),
    togetherRow(crowd, figures),
    ...(await leftRows(crowd, before)),
  ];
}

/** What was measured while all were alive. */
interface CrowdFigures {
  readonly count: number;
  /** Bytes of each: of the process, and of the kernel. */
  readonly proportional: number;
  readonly kernel: number;
  /** What the process held more for all of them. */
  readonly descriptors: number;
  readonly mappings: number;
  readonly threads: number;
  /** Nanoseconds until all had answered at the same time. */
  readonly together: number;
}

/** Nothing of the sandboxes is referred to behind it. */
async function liveTogether(source: Source, count: number): Promise<CrowdFigures> {
  using crowd = new ClosingStack();
  // These take the machines that were kept of others, which had their memory before.
  await join(crowd, source, KEPT);
  await settle();
  const before = readMemory();
  const sandboxes = await join(crowd, source, count);
  await settle();
  const held = readMemory();
  const figures = {
    count,
    proportional: Math.round((held.proportional - before.proportional) / count),
    kernel: Math.round((held.kernel - before.kernel) / count),
    descriptors: held.descriptors - before.descriptors,
    mappings: held.mappings - before.mappings,
    threads: held.threads - before.threads,
  };
  keepApart(sandboxes);
  return { ...figures, together: await answerTogether(sandboxes) };
}

function readMemory(): Holdings & { readonly proportional: number; readonly kernel: number } {
  return { ...readHoldings(), proportional: proportionalBytes(), kernel: kernelBytes() };
}

/** So many sandboxes more, each of which has answered once. */
async function join(crowd: ClosingStack, source: Source, count: number): Promise<Sandbox[]> {
  const sandboxes: Sandbox[] = [];
  for (let index = 0; index < count; index += 1) {
    const sandbox = crowd.use(await Sandbox.create(optionsOf(source)));
    expectEcho(sandbox, index);
    sandboxes.push(sandbox);
  }
  return sandboxes;
}

/** What the rows of a crowd begin with. */
interface Head {
  readonly id: string;
  readonly what: string;
}

function memoryRow(
  { id, what }: Head,
  { count, proportional, kernel }: CrowdFigures,
  writableBytes: number,
): Row {
  return judge({
    id: `${id}-memory`,
    what: `${what}: memory of each while idle`,
    unit: "bytes",
    samples: count,
    value: proportional,
    goal: "≤ 1 MiB over its module's own memory",
    limit: IDLE_LIMIT + OWN_BYTES,
    note:
      `proportional set size of the process, one call made in each; the guest can write ${kib(writableBytes)} of it, ` +
      `${kib(OWN_BYTES)} are its module's own; beside it, the host's kernel has ${kib(kernel)} more for each`,
  });
}

function togetherRow({ id, what }: Head, { together, descriptors, mappings, threads }: CrowdFigures): Row {
  return judge({
    id: `${id}-together`,
    what: `${what}: all answer at once`,
    unit: "ns",
    value: together,
    goal: "stated",
    note: `callAsync on each; while idle they had ${descriptors} descriptors, ${mappings} mappings and ${threads} threads of the process`,
  });
}

function kib(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}

async function fewTogether(source: Source): Promise<void> {
  using few = new ClosingStack();
  await answerTogether(await join(few, source, KEPT));
}

/** A session in each at the same time: what one keeps is seen by no other. */
function keepApart(sandboxes: readonly Sandbox[]): void {
  const sessions = sandboxes.map((sandbox) => sandbox.session());
  for (const [index, session] of sessions.entries()) session.call("keep", index + 1);
  for (const [index, session] of sessions.entries()) {
    expectSame(`what sandbox ${index} keeps`, session.call("tell"), index + 1);
    session.finish();
  }
}

/** One asynchronous call in each at the same time; nanoseconds until the last has answered. */
async function answerTogether(sandboxes: readonly Sandbox[]): Promise<number> {
  const start = performance.now();
  const counts = await Promise.all(sandboxes.map((sandbox) => sandbox.callAsync("count", [])));
  const time = (performance.now() - start) * 1e6;
  for (const [index, count] of counts.entries()) expectSame(`answer of sandbox ${index}`, count, 1);
  return time;
}

/** What the process still holds of them, once all that ends has ended. */
async function leftRows({ id, what }: Head, before: Holdings): Promise<Row[]> {
  const kinds = ["descriptors", "mappings", "threads"] as const;
  const isLeft = (now: Holdings): boolean =>
    kinds.some((held) => now[held] > before[held] + MARGINS[held].limit);
  const until = performance.now() + PATIENCE_MS;
  let now = readHoldings();
  while (isLeft(now) && performance.now() < until) {
    await sleep(100);
    await settle();
    now = readHoldings();
  }
  return kinds.map((held) => {
    const { what: things, unit, goal, limit } = MARGINS[held];
    const value = now[held] - before[held];
    return judge({
      id: `${id}-${held}`,
      what: `${what}: more ${things} behind them`,
      unit,
      value,
      goal,
      limit,
    });
  });
}

function expectEcho(sandbox: Sandbox, index: number): void {
  const input = new Uint8Array(Uint32Array.of(index, ~index).buffer);
  expectBytes(`sandbox ${index}`, sandbox.callBytes("echo", input), input);
}
