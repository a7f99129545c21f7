import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

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
  /** Closes stdout after this many bytes, as `head -c` does; 0 leaves what is written unread. */
  readonly readOnly?: number;
}

/** Runs the built command line as a process of its own. */
export async function twinwall(words: readonly string[], start: Start = {}): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...words], {
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
