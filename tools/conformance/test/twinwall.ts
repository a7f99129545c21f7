import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("dist/main.js", import.meta.resolve("@twinwall/cli/package.json")));

/** What a process left behind. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs the built command line as a process of its own. */
export async function twinwall(words: readonly string[], stdin: Uint8Array): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...words]);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A process that ends without reading its input is no failure of the test.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}
