import type { LimitOptions, Sandbox } from "@twinwall/sandbox";
import { KINDS, type Kind, type Target } from "./kinds.js";

const PAYLOAD_BYTES = 128;

/** No call runs into this one but those that never end. */
const PATIENT: LimitOptions = { deadline: "60s" };
const HASTY: LimitOptions = { deadline: "1ms" };

/** A slot for each run that comes in a thousand calls. */
const slots: readonly Kind[] = KINDS.flatMap((kind) =>
  new Array<Kind>(kind.share / (kind.calls ?? 1)).fill(kind),
);
/** A prime that does not divide the number of slots: each comes once, and slots of one kind are far from each other. */
const STRIDE = 389;

/** Calls of all kinds on two sandboxes, good and failing ones by turns, in the same order in each run. */
export class Mix implements Disposable {
  /** Calls that were made, by the name of their kind. */
  readonly made = new Map<string, number>();
  #slot = 0;

  private constructor(private readonly target: Target) {}

  /** Opens the two sandboxes. */
  static async open(create: (limits: LimitOptions) => Promise<Sandbox>): Promise<Mix> {
    const sandbox = await create(PATIENT);
    try {
      const hasty = await create(HASTY);
      const [input, output] = [new Uint8Array(PAYLOAD_BYTES), new Uint8Array(PAYLOAD_BYTES)];
      return new Mix({ sandbox, hasty, input, output });
    } catch (error) {
      sandbox.close();
      throw error;
    }
  }

  /**
   * Makes `count` calls or a few more: a batch is not divided.
   *
   * @throws WrongOutcomeError when one of them ends in another way than it must.
   */
  async run(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const kind = this.#next();
      const running = kind.run(this.target);
      if (running !== undefined) await running;
      const calls = kind.calls ?? 1;
      this.made.set(kind.name, (this.made.get(kind.name) ?? 0) + calls);
      left -= calls;
    }
  }

  #next(): Kind {
    const { input } = this.target;
    input.fill(this.#slot & 0xff, this.#slot % PAYLOAD_BYTES);
    const kind = slots[(this.#slot * STRIDE) % slots.length];
    this.#slot += 1;
    if (kind === undefined) throw new Error("a mix without kinds");
    return kind;
  }

  [Symbol.dispose](): void {
    this.target.hasty.close();
    this.target.sandbox.close();
  }
}
