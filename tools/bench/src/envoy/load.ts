import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { TwinwallError } from "@twinwall/abi";
import { within } from "@twinwall/tool-envoy";
import { WrongBytesError } from "../payload.js";
import type { Figures } from "./figures.js";
import { isPathName, type PathName } from "./paths.js";
import { places } from "./places.js";

/** Longest that the whole of a measurement may take, milliseconds. */
const LONGEST_MS = 1_800_000;
/** Longest until a server listens, or has gone, milliseconds. */
const START_MS = 10_000;
/** Status with which the load client says that bytes were wrong. */
const WRONG_BYTES = 1;

/** How much is measured. */
export interface Load {
  /** Bytes of an echo. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Echoes per round, path and size on a connection that stays open. */
  readonly existing: number;
  /** The same, each on a connection of its own. */
  readonly fresh: number;
}

/** 3,000 echoes of each size and way on existing connections, 600 on new ones. */
export const FULL_LOAD: Load = {
  sizes: [128, 256, 512, 1024, 2048, 4096],
  rounds: 150,
  existing: 20,
  fresh: 4,
};

/** For a look, not for a record. */
export const QUICK_LOAD: Load = { sizes: [128, 4096], rounds: 4, existing: 20, fresh: 5 };

/**
 * Measures all targets in turn. `ports` are of 127.0.0.1.
 *
 * @throws WrongBytesError when a target answers with other bytes than it was sent.
 * @throws TwinwallError `E_INTERNAL` when a target fails in another way: it closes, or does not answer.
 */
export async function runLoad(ports: ReadonlyMap<PathName, number>, load: Load): Promise<Figures[]> {
  const targets = [...ports].flatMap(([name, port]) => ["--target", `${name}=127.0.0.1:${port}`]);
  const { sizes, rounds, existing, fresh } = load;
  const numbers = { sizes: sizes.join(","), rounds, existing, new: fresh, "wait-ms": 10_000 };
  const options = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return parseFigures(await runProgram(["measure", ...targets, ...options]));
}

function runProgram(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: LONGEST_MS, maxBuffer: 64 << 20 };
    execFile(places.loadClient, words, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === WRONG_BYTES) reject(new WrongBytesError(stderr.trim()));
      else reject(new TwinwallError("E_INTERNAL", stderr.trim() || error.message, { cause: error }));
    });
  });
}

/** Reads what the load client prints: a line of JSON for each path, size and kind of connection. */
export function parseFigures(text: string): Figures[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { target, ...figures } = JSON.parse(line) as Omit<Figures, "path"> & { target: string };
    if (!isPathName(target)) throw new TypeError(`the load client speaks of an unknown target, ${target}`);
    return { path: target, ...figures };
  });
}

/** A plain echo server, a process of its own. */
export class EchoServer implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Starts one on a free port of 127.0.0.1. */
  static async start(): Promise<EchoServer> {
    const child = spawn(places.loadClient, ["serve", "127.0.0.1:0"], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface(child.stdout);
    const failed = once(child, "error").then(([error]) => Promise.reject(error));
    const [line] = await within("the echo server", START_MS, Promise.race([once(lines, "line"), failed]));
    return new EchoServer(child, Number(/:(\d+)$/.exec(String(line))?.[1]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = once(this.child, "exit");
    // It ends with its standard input.
    this.child.stdin?.end();
    await within("the end of the echo server", START_MS, gone).catch(() => this.child.kill("SIGKILL"));
  }
}
