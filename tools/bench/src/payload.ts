import { randomFillSync } from "node:crypto";

/** The guest answered with other bytes than it must: the one thing that fails the benchmark. */
export class WrongBytesError extends Error {
  override readonly name = "WrongBytesError";
}

/** An input that is different each time, the buffer for its answer, and the check of the answer. */
export class Payload {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** What the last call returned. */
  length = 0;

  constructor(
    private readonly subject: string,
    size: number,
  ) {
    this.input = randomFillSync(new Uint8Array(size));
    this.output = new Uint8Array(size);
  }

  /** Checks the answer to the last call, then changes the input and wipes the answer for the next. */
  readonly check = (): void => {
    if (this.length !== this.input.length || Buffer.compare(this.input, this.output) !== 0) {
      throw new WrongBytesError(`${this.subject}: the answer is not what was sent`);
    }
    this.input[0] = ((this.input[0] ?? 0) + 1) & 0xff;
    this.output.fill(0);
  };
}
