import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";
import { main } from "../../dist/index.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** What a process left behind. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** How a process is started. */
export interface Start {
  /** Written to stdin, which is then closed; by default it is closed at once. */
  readonly stdin?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another copy of the command. Default: this package's. */
  readonly main?: string;
  /** Closes stdout after this many bytes, as `head -c` does; 0 leaves what is written unread. */
  readonly readOnly?: number;
}

/** Runs the built command line as a process of its own. */
export async function twinwall(words: readonly string[], start: Start = {}): Promise<Finished> {
  const child = spawn(process.execPath, [start.main ?? MAIN, ...words], {
    env: { ...process.env, ...start.env },
    ...(start.cwd === undefined ? {} : { cwd: start.cwd }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let received = 0;
  // Not at once: what is to be left unread has to be there.
  if (start.readOnly === 0)
    child.stdout.once("readable", () => setTimeout(() => child.stdout.destroy(), 200));
  else
    child.stdout.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      received += chunk.length;
      if (start.readOnly !== undefined && received >= start.readOnly) child.stdout.destroy();
    });
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A process that ends without reading its input is no failure of the test.
  child.stdin.on("error", () => undefined);
  child.stdin.end(start.stdin ?? "");
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** Runs a command line that is wrong in this process, which is quicker; its output is for stderr only. */
export async function wrong(words: readonly string[]): Promise<{ status: number; stderr: string }> {
  let stderr = "";
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    return { status: await main(words), stderr };
  } finally {
    spy.mockRestore();
  }
}

/** A command that goes on until it is told to end. */
export interface Running {
  /** The first line that it wrote to stdout. */
  readonly line: string;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Sends a signal and waits for the end; `null`: a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built command line and waits for its first line; an error with its stderr when it ends before. */
export async function startTwinwall(words: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes("\n")) resolve(stdout.slice(0, stdout.indexOf("\n")));
    });
    child.once("close", (status) => reject(new Error(`it ended with ${status}: ${stderr}`)));
  });
  // A test that fails leaves nothing behind.
  onTestFinished(() => void child.kill("SIGKILL"));
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return closed;
  };
  return { line, stderr: () => stderr, end };
}
