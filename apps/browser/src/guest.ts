import type { Compiler } from "@twinwall/compiler";
import { type FunctionInfo, type LimitOptions, Sandbox } from "@twinwall/sandbox";
import type { CallOrder, CallReport, Opened } from "./protocol.js";
import { type CallResult, readArguments, sizeText, timeText } from "./text.js";

/** How often progress is told, milliseconds. */
const TELLING = 200;

/** A module in the soft machine. Its calls run in Workers of their own, which end with their deadlines. */
export class Guest {
  private constructor(
    private readonly sandbox: Sandbox,
    private readonly countsFuel: boolean,
  ) {}

  /**
   * Compiles and boots a module.
   *
   * @throws TwinwallError What `Sandbox.create` throws.
   */
  static async load(compiler: Compiler, module: Uint8Array, limits: LimitOptions): Promise<Guest> {
    const sandbox = await Sandbox.create({ module, machine: "soft", limits, compiler });
    return new Guest(sandbox, typeof limits.fuel === "bigint");
  }

  /** What the page is told of it. */
  describe(): Opened {
    const functions = this.sandbox.functions.filter(
      ({ name, bytes, scalar }) => (bytes || scalar) && !isPiece(name),
    );
    if (functions.length > 0) return { functions, note: this.#facts() };
    const note = this.sandbox.command
      ? "it is a WASI command, and this page calls functions"
      : "it exports no function that can be called";
    return { functions, note };
  }

  #facts(): string {
    const { compileUs, bootUs, compiledFromCache, writableBytes } = this.sandbox.stats();
    const compiled = compiledFromCache ? "compiled before" : `compiled in ${timeText(compileUs / 1000)}`;
    const booted = bootUs === 0 ? "booted before" : `booted in ${timeText(bootUs / 1000)}`;
    return `${compiled}, ${booted}, ${sizeText(writableBytes)} writable`;
  }

  /**
   * Calls a function so many times, each time from the snapshot.
   *
   * @param onProgress Hears now and then how many calls ended well.
   * @throws TwinwallError What the first call that fails fails with.
   */
  async call(
    { name, input, count }: CallOrder,
    signal: AbortSignal,
    onProgress: (calls: number) => void,
  ): Promise<CallReport> {
    const info = this.sandbox.functions.find((candidate) => candidate.name === name);
    const call = this.#caller(name, info, input, signal);
    const latencies: number[] = [];
    let result: CallResult;
    let told = performance.now();
    while (latencies.length < count) {
      const begun = performance.now();
      result = await call();
      const ended = performance.now();
      latencies.push(ended - begun);
      if (ended - told < TELLING) continue;
      told = ended;
      onProgress(latencies.length);
    }
    const { fuel, memoryBytes } = this.sandbox.stats();
    return { result, latencies, fuel: this.countsFuel ? fuel : undefined, memoryBytes };
  }

  #caller(
    name: string,
    info: FunctionInfo | undefined,
    input: string,
    signal: AbortSignal,
  ): () => Promise<CallResult> {
    const { sandbox } = this;
    if (info?.bytes) {
      const bytes = new TextEncoder().encode(input);
      return () => sandbox.callAsync(name, bytes, { signal });
    }
    const values = readArguments(info ?? { parameters: [] }, input);
    // Scalars come out where scalars go in.
    return () => sandbox.callAsync(name, values, { signal }) as Promise<CallResult>;
  }

  /** Ends it, and with it a call under way. */
  close(): void {
    this.sandbox.close();
  }
}

/** Exports that are there for the runtime. */
function isPiece(name: string): boolean {
  return name.startsWith("twinwall_") || name === "_initialize" || name === "_start";
}
