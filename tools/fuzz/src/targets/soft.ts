// What an image of the soft machine says of itself, and what it writes to its mailbox.
import { CallKind, type ErrorCode, errorCodeOf, errorNumbers, FUEL_UNLIMITED } from "@twinwall/abi";
import { CallFlag, type Machine, type MachineLimits, type Snapshot } from "@twinwall/vmm";
import { openSoftDriver } from "@twinwall/vmm-soft";
import { mutate, type Random } from "../mutate.js";
import { isRefusal, type Outcome, type Target } from "../target.js";
import { headerSection, withSection } from "./probe.js";

const limits: MachineLimits = {
  memoryBytes: 2 ** 20,
  inputBytes: 2 ** 20,
  outputBytes: 65_536,
  outboxBytes: 65_536,
  hostCalls: 100,
  hostBytes: 1 << 30,
  cpuTimeUs: 0,
  deadlineUs: 1_000_000,
  fuel: FUEL_UNLIMITED,
};

function boot(image: Uint8Array): Snapshot {
  return openSoftDriver().boot({
    image,
    attachments: [Uint8Array.of(1, 2, 3)],
    input: new Uint8Array(0),
    limits,
    seed: undefined,
    recycle: true,
    hostCall: () => -6,
    record: () => {},
  });
}

/** Refusals of an image: before it runs, or because it asks for more memory than there may be. */
const imageCodes = ["E_INTERNAL", "E_MEMORY", "E_BAD_REPLY"] as const;

/** The section that makes an image of a module; the code in front of it is always the same, and ends. */
export const softImage: Target = {
  name: "soft-image",
  reads: "the header of an image of the soft machine",
  share: 5,
  run(section): Outcome {
    try {
      boot(withSection(section)).close();
      return "read";
    } catch (error) {
      if (isRefusal(error, imageCodes)) return "refused";
      throw error;
    }
  },
};

const REPORT_BYTES = 104;
const known = new Set<number>(Object.values(errorNumbers));

/** Codes that a report can come to. A bug in the host would show as another. */
const neverFromReports: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["E_DEADLINE", "E_DISPOSED", "E_BUSY"]);

/** A machine of the probe, made when the first report comes. */
class Reporter {
  #snapshot: Snapshot | undefined;
  #machine: Machine | undefined;
  readonly #output = new Uint8Array(limits.outputBytes);

  run(input: Uint8Array): Outcome {
    const report = new Uint8Array(REPORT_BYTES);
    report.set(input.subarray(1, 1 + REPORT_BYTES));
    const status = this.#call((input[0] ?? 0) & 1, report);
    if (status < 0 && !known.has(-status)) throw new Error(`the call ended with ${status}`);
    if (status > limits.outputBytes) throw new Error(`the result has ${status} bytes`);
    const refused = status < 0;
    if (refused && neverFromReports.has(errorCodeOf(-status))) throw new Error(errorCodeOf(-status));
    const next = this.#call(2, new Uint8Array(0));
    if (next !== 0) throw new Error(`the call after it ended with ${next}`);
    return refused ? "refused" : "read";
  }

  close(): void {
    this.#machine?.close();
    this.#snapshot?.close();
    this.#machine = this.#snapshot = undefined;
  }

  #call(behaviour: number, input: Uint8Array): number {
    this.#snapshot ??= boot(withSection(headerSection()));
    this.#machine ??= this.#snapshot.machine(
      limits,
      (_, argument) => argument.slice(0, 16),
      () => {},
    );
    return this.#machine.call(CallKind.Bytes, behaviour, CallFlag.Restore, input, this.#output);
  }
}

const reporter = new Reporter();

/** One byte that says where (at a gate, or at the end of the call), then the report. */
export const softReport: Target = {
  name: "soft-report",
  reads: "reports of the soft machine, at gates and at the end",
  damage(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
    const damaged = new Uint8Array(1 + REPORT_BYTES);
    damaged[0] = random.below(2);
    damaged.set(mutate(bytes.slice(1), other.slice(1), random).subarray(0, REPORT_BYTES), 1);
    // Most reports name an operation that there is, so that what belongs to it is read.
    if (random.below(4) > 0) damaged.set([random.below(8), 0, 0, 0], 1);
    return damaged;
  },
  run: (input) => reporter.run(input),
};

/** Ends the machine. */
export function closeReporter(): void {
  reporter.close();
}
