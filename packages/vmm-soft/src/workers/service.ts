import { CallFlag, type MachineLimits } from "@twinwall/vmm";
import { alignTicks } from "../clock.js";
import type { SoftMachine } from "../machine.js";
import { SoftSnapshot } from "../snapshot.js";
import { poison } from "../stop.js";
import { AnswerReader } from "./channel.js";
import { handedOver, packOutcome, unpackJob } from "./packed.js";
import type { Job, Outcome, ToMain, ToWorker } from "./protocol.js";

const nothing = new Uint8Array(0);

/** Why a guest cannot wait for its host here. */
const NO_CHANNEL =
  "host functions of an asynchronous call need SharedArrayBuffer, which this page does not have: serve it with the " +
  "headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

/** A snapshot, and the machine that ran last. */
interface Entry {
  readonly snapshot: SoftSnapshot;
  machine: SoftMachine | undefined;
  /** Whose job it ran. */
  owner: number;
}

/** The side of a Worker: it keeps snapshots with a machine each, and runs one job at a time. */
export class Service {
  readonly #snapshots = new Map<number, Entry>();
  #channel: AnswerReader | undefined;
  #limits: MachineLimits | undefined;

  constructor(private readonly post: (message: ToMain, transfer: ArrayBuffer[]) => void) {}

  receive(message: ToWorker): void {
    switch (message[0]) {
      case "start":
        this.#channel = message[1] && new AnswerReader(message[1]);
        alignTicks(message[2]);
        return;
      case "snapshot":
        this.#snapshots.set(message[1], {
          snapshot: new SoftSnapshot(message[2]),
          machine: undefined,
          owner: 0,
        });
        return;
      case "forget":
        this.#snapshots.delete(message[1]);
        return;
      case "job":
        this.#run(message[1], unpackJob(message[2]));
        return;
    }
  }

  #run(id: number, job: Job): void {
    const entry = this.#snapshots.get(id);
    if (entry === undefined) throw new Error(`the Worker has no snapshot ${id}`);
    const { limits, state } = job;
    this.#limits = limits;
    const machine = this.#machineOf(entry, job);
    machine.configure(limits);
    if (state !== undefined) machine.importState(state);
    this.post(["started"], []);
    const outcome = call(machine, job);
    const pieces = outcome.state?.pieces.map(({ bytes }) => bytes) ?? [];
    this.post(["done", packOutcome(outcome)], handedOver(outcome.output, ...pieces));
    // What a session left is the other side's now.
    machine.restore();
  }

  /** The machine for a job. One that another's job ran on is given back first, and serves again only as recycled. */
  #machineOf(entry: Entry, { machine: owner, limits }: Job): SoftMachine {
    if (entry.owner !== owner) {
      entry.machine?.close();
      entry.machine = undefined;
      entry.owner = owner;
    }
    entry.machine ??= entry.snapshot.machineFor(
      {
        hostCall: (hostFunction, input) => this.#askHost(hostFunction, input),
        outbox: (_, bytes) => this.post(["outbox", bytes], [bytes.buffer]),
      },
      limits,
    );
    return entry.machine;
  }

  #askHost(hostFunction: number, input: Uint8Array): Uint8Array | number {
    const channel = this.#channel;
    if (channel === undefined) throw poison("E_UNSUPPORTED", NO_CHANNEL);
    const limit = this.#limits?.inputBytes ?? 0;
    const answer = channel.read(
      () => this.post(["host", hostFunction, input], []),
      () => this.post(["more"], []),
      limit,
    );
    if (typeof answer === "number" || answer instanceof Uint8Array) return answer;
    throw poison("E_LIMIT", `a host function returned ${answer.tooLong} bytes, the limit is ${limit}`);
  }
}

function call(machine: SoftMachine, { kind, target, flags, input }: Job): Outcome {
  const status = machine.call(kind, target, flags, input, nothing);
  return {
    status,
    output: status > 0 ? machine.takeOutput() : new Uint8Array(0),
    failure: machine.failure(),
    stats: machine.stats(),
    // What is restored behind the reply is nobody's any more.
    state: (flags & CallFlag.RestoreAfter) === 0 ? machine.exportState() : undefined,
  };
}
