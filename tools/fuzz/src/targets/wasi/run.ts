// A machine that runs the guest, and what came of a script.
import { type ErrorCode, type MachineName, TwinwallError } from "@twinwall/abi";
import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import { compiler } from "../compiler.js";
import { componentGuest, moduleGuest } from "./guest.js";
import { INPUT_ADDRESS, MEMORY_BYTES } from "./script.js";

/** A call that came back. */
export interface Step {
  readonly errno: number;
  /** Memory when it was back. */
  readonly memory: Uint8Array;
}

/** What came of a script. */
export interface Run {
  /** Memory before the first call. */
  readonly start: Uint8Array;
  readonly steps: readonly Step[];
  /** Output of both streams, in the order in which it was written. */
  readonly output: Uint8Array;
  readonly exitCode: number | undefined;
  /** How the run ended, where it did not end by itself. */
  readonly code: ErrorCode | undefined;
  /** What was said of that. */
  readonly message: string;
  /** Whether there was more output than anybody collects. */
  readonly flooded: boolean;
}

/** Most output that is collected, bytes. */
const MOST_OUTPUT = 4 * 2 ** 20;

/** Everything that a run gets: what is not here must not be there for it. */
const given = {
  args: ["one", "zwölf", ""],
  env: { HOME: "/", EMPTY: "" },
  stdin: "what is there to read\n".repeat(40),
} as const;

const files = {
  "/a/words": "apple\nbirne\n".repeat(20),
  "/a/empty": "",
  "/a/b/deep": new Uint8Array(5000).map((_, index) => index % 251),
  "/long-name-of-a-file-that-fills-some-of-a-listing": "x",
};

/** What a run leaves with the host. */
class Record {
  readonly errnos: number[] = [];
  readonly memories: Uint8Array[] = [];
  readonly chunks: Uint8Array[] = [];
  outputBytes = 0;

  readonly take = (chunk: Uint8Array): void => {
    this.outputBytes += chunk.length;
    if (this.outputBytes > MOST_OUTPUT) throw new Error("that is enough");
    this.chunks.push(chunk);
  };
}

/** What a guest asks of its host. */
export interface Host {
  load(): Uint8Array;
  note(errno: number): void;
  show(memory: Uint8Array): void;
  take(chunk: Uint8Array): void;
}

/** How a guest meets its host. */
export interface Form {
  open(machine: MachineName, host: Host): Promise<Sandbox>;
  /** Makes the calls; returns the exit status, where there is one. */
  start(sandbox: Sandbox, host: Host): Promise<number | undefined>;
}

/** What every sandbox here has. */
const common = {
  compiler,
  files,
  // The same random numbers on both machines.
  seed: new Uint8Array(32).fill(7),
  // Output is bounded by who takes it.
  limits: { memory: "2MiB", deadline: "2s", logBytes: "1GiB" },
} as const;

/** A command that imports preview 1: the functions are the guest runtime's own. */
export const asModule: Form = {
  async open(machine, { load, note, show }) {
    const host = {
      load: hostFunction({ params: [t.bytes], result: t.bytes }, load),
      note: hostFunction({ params: [t.i32, t.i32] }, (_, errno) => note(errno)),
      show: hostFunction({ params: [t.bytes] }, show),
    };
    return await Sandbox.create({ ...common, machine, module: await moduleGuest(), host });
  },
  async start(sandbox, { take }) {
    return (await sandbox.run({ ...given, onStdout: take, onStderr: take })).exitCode;
  },
};

/** A component, in which an adapter makes calls of WASI 0.2 of them. */
export const asComponent: Form = {
  async open(machine, { load, note, show, take }) {
    const host = { load, note: (_: number, errno: number) => note(errno), show };
    const output = { onStdout: take, onStderr: take };
    return await Sandbox.create({ ...common, ...output, machine, module: await componentGuest(), host });
  },
  async start(sandbox) {
    sandbox.call("go");
    return undefined;
  },
};

/** A guest on one machine. */
export class Guest {
  #record = new Record();
  #input = new Uint8Array(0);
  readonly #sandbox: Promise<Sandbox>;
  readonly #host: Host = {
    load: () => this.#input,
    note: (errno) => void this.#record.errnos.push(errno),
    show: (memory) => void this.#record.memories.push(memory),
    take: (chunk) => this.#record.take(chunk),
  };

  constructor(
    private readonly form: Form,
    machine: MachineName,
  ) {
    this.#sandbox = form.open(machine, this.#host);
  }

  /** Runs a script, from a clean slate. */
  async run(input: Uint8Array): Promise<Run> {
    const sandbox = await this.#sandbox;
    this.#record = new Record();
    this.#input = new Uint8Array(input);
    const start = new Uint8Array(MEMORY_BYTES);
    start.set(input, INPUT_ADDRESS);
    let exitCode: number | undefined;
    let error: TwinwallError | undefined;
    try {
      exitCode = await this.form.start(sandbox, this.#host);
    } catch (thrown) {
      if (!(thrown instanceof TwinwallError)) throw thrown;
      error = thrown;
    }
    const { errnos, memories, chunks, outputBytes } = this.#record;
    const steps = memories.map((memory, index) => ({ errno: errnos[index] ?? -1, memory }));
    const flooded = outputBytes > MOST_OUTPUT;
    const ended = { code: error?.code, message: error?.message ?? "" };
    return { start, steps, output: Buffer.concat(chunks), exitCode, ...ended, flooded };
  }

  async close(): Promise<void> {
    (await this.#sandbox).close();
  }
}
