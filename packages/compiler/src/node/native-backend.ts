import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { errorCodeOf, TwinwallError } from "@twinwall/abi";
import { type Backend, bounded, type Job, outOfMemory, refused } from "../job.js";
import { packageFile } from "./files.js";

/** Longest text that is read from the program's standard error, bytes. */
const MESSAGE_BYTES = 4096;

/** The program's own code and stacks, which its memory limit counts too. */
const PROGRAM_BYTES = 64 * 2 ** 20;

/** Exit status of a module that was refused. */
const REFUSED = 3;

/** Exit status when the module alone took more memory than allowed. */
const OUT_OF_MEMORY = 4;

/** How the program ended. */
interface Ended {
  readonly status: number | null;
  readonly output: Uint8Array<ArrayBuffer>;
  readonly message: string;
}

/**
 * Finds the native compiler: the given path as it is, the package's own for `"auto"`, none for `false`.
 *
 * @throws TwinwallError `E_OPTION` when a given path is not a program.
 */
export function findNativeProgram(option: string | false): string | undefined {
  if (option === false) return undefined;
  const path = option === "auto" ? packageFile("artifacts/twinwall-compiler-native") : option;
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch (cause) {
    if (option === "auto") return undefined;
    throw new TwinwallError("E_OPTION", `nativeProgram: ${path} is not a program that can be run`, { cause });
  }
}

/** Compiles in a process of its own for each job. */
export class NativeBackend implements Backend {
  #child: ChildProcess | undefined;
  #closed = false;

  constructor(readonly program: string) {}

  async compile(job: Job, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const child = spawn(this.program, commandLine(job), { cwd: "/", env: {}, stdio: "pipe" });
    this.#child = child;
    try {
      const ended = await bounded(run(child, job), job.bounds, signal, () => child.kill("SIGKILL"));
      return this.#unpack(ended, job);
    } finally {
      this.#child = undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
  }

  #unpack(ended: Ended, job: Job): Uint8Array<ArrayBuffer> {
    if (ended.status === 0) return ended.output;
    if (this.#closed) throw new TwinwallError("E_DISPOSED", "the compiler was closed");
    const [, code, text] = /^(\d+) (.*)/.exec(ended.message) ?? [];
    if (ended.status === REFUSED && errorCodeOf(Number(code)) !== "E_INTERNAL") {
      throw refused(Number(code), text ?? "");
    }
    if (ended.status === OUT_OF_MEMORY || /^memory allocation of \d+ bytes failed/m.test(ended.message))
      throw outOfMemory(job.bounds);
    throw new TwinwallError(
      "E_INTERNAL",
      `the native compiler failed (status ${ended.status ?? "by a signal"}): ${ended.message}`,
    );
  }
}

function commandLine({ machine, fuel, bounds }: Job): string[] {
  const line = ["--machine", machine, "--module-bytes", `${bounds.moduleBytes}`];
  line.push("--artifact-bytes", `${bounds.artifactBytes}`);
  line.push("--memory-bytes", `${bounds.memoryBytes + PROGRAM_BYTES}`);
  return fuel ? [...line, "--fuel"] : line;
}

function run(child: ChildProcess, job: Job): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let outputBytes = 0;
    let message = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes <= job.bounds.artifactBytes) output.push(chunk);
      else child.kill("SIGKILL");
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      if (message.length < MESSAGE_BYTES) message += chunk.toString("utf8");
    });
    child.on("error", (cause) => {
      reject(
        new TwinwallError("E_INTERNAL", `the native compiler cannot be started: ${cause.message}`, { cause }),
      );
    });
    child.on("close", (status) => {
      resolve({
        status,
        output: new Uint8Array(Buffer.concat(output)),
        message: message.slice(0, MESSAGE_BYTES),
      });
    });
    // A program that refuses the module early need not read it all.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(job.module);
  });
}
