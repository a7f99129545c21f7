/** Something that the run cannot do without; the message says what to type. */
export class MissingPart extends Error {
  /**
   * @param {string} what
   * @param {string} type what to type to get it
   */
  constructor(what, type) {
    super(`${what} is missing; type: ${type}`);
    this.name = "MissingPart";
  }
}

/** A mistake in how the command was called. */
export class UsageError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "UsageError";
  }
}
