import type { ChildProcessByStdio } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { AdminClient } from "./admin.js";
import { LogLines } from "./log-lines.js";
import { within } from "./wait.js";

export type EnvoyProcess = ChildProcessByStdio<null, Readable, Readable>;

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An Envoy that runs. */
export class Envoy implements AsyncDisposable {
  readonly pid: number;
  readonly log: LogLines;
  /** Resolves when the process has gone. */
  readonly exited: Promise<Exit>;
  #admin: AdminClient | undefined;
  #ports: ReadonlyMap<string, number> = new Map();
  #exit: Exit | undefined;

  /** Internal: `startEnvoy` makes these. */
  constructor(
    private readonly child: EnvoyProcess,
    private readonly folder: string,
  ) {
    this.pid = child.pid ?? 0;
    this.log = new LogLines(child.stdout, child.stderr);
    // A test run that ends in any way takes its Envoys along.
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    this.exited = new Promise((resolve) => {
      child.once("error", () => resolve({ code: null, signal: null }));
      child.once("close", (code, signal) => resolve({ code, signal }));
    }).then((exit) => {
      process.off("exit", kill);
      this.#exit = exit as Exit;
      return this.#exit;
    });
  }

  /** How the process ended; `undefined` while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** The port of the only listener. */
  get port(): number {
    const [port, ...more] = this.#ports.values();
    if (port === undefined || more.length > 0) throw new Error(`there are ${this.#ports.size} listeners`);
    return port;
  }

  /** Ports of the listeners by name, as of the start or the last `refreshPorts`. */
  get ports(): ReadonlyMap<string, number> {
    return this.#ports;
  }

  /** Asks for the listeners again, after they were changed. */
  async refreshPorts(): Promise<ReadonlyMap<string, number>> {
    this.#ports = await this.#client.ports();
    return this.#ports;
  }

  /** Internal: connects the administration interface. */
  async attach(admin: AdminClient): Promise<void> {
    this.#admin = admin;
    await this.refreshPorts();
  }

  /** Asks the administration interface; the answer's text. Any status but 200 is an error. */
  admin(path: string, method: "GET" | "POST" = "GET"): Promise<string> {
    return this.#client.ask(path, method);
  }

  /** Counters and gauges whose names begin with `prefix`; all of them without. */
  stats(prefix = ""): Promise<Record<string, number>> {
    return this.#client.stats(prefix);
  }

  /** One counter or gauge; 0 when Envoy does not have it (yet). */
  async stat(name: string): Promise<number> {
    return (await this.stats(name))[name] ?? 0;
  }

  /** Bytes of memory that are resident now; Linux only. */
  residentBytes(): number {
    const text = readFileSync(`/proc/${this.pid}/smaps_rollup`, "utf8");
    return Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
  }

  /** What the open file descriptors stand for, such as `anon_inode:kvm-vm` or `socket:[123]`; Linux only. */
  fileDescriptors(): string[] {
    const folder = `/proc/${this.pid}/fd`;
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`)];
      } catch {
        return []; // Closed meanwhile.
      }
    });
  }

  /** Names of its threads; Linux only. */
  threads(): string[] {
    const task = `/proc/${this.pid}/task`;
    return readdirSync(task).flatMap((thread) => {
      try {
        return [readFileSync(`${task}/${thread}/comm`, "utf8").trimEnd()];
      } catch (error) {
        // It ended meanwhile.
        if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    });
  }

  /** Sends a signal. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends the process, by force when it does not go within `timeoutMs`, and removes its files. */
  async stop(timeoutMs = 5_000): Promise<Exit> {
    this.child.kill("SIGTERM");
    const exit = await within("the end of Envoy", timeoutMs, this.exited).catch(async () => {
      this.child.kill("SIGKILL");
      return await this.exited;
    });
    await rm(this.folder, { recursive: true, force: true });
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #client(): AdminClient {
    if (this.#admin === undefined) throw new Error("Envoy has no administration interface yet");
    return this.#admin;
  }
}
