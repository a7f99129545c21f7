/**
 * Something that could not be had.
 * @typedef {object} Problem
 * @property {string} what
 * @property {string} why what it is needed for, or what is left out without it
 * @property {string} type what to type to get it
 */

/** Thrown when a command cannot go on; its message is the whole line for the user. */
export class SetupError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problemLine(problem));
    this.name = "SetupError";
  }
}

/** @param {Problem} problem */
export function problemLine({ what, why, type }) {
  return `missing: ${what} - ${why} - type: ${type}`;
}

/**
 * Runs a command's main function; a SetupError becomes one line and exit status 1.
 * @param {() => number} main returns the exit status
 */
export function runCommand(main) {
  try {
    process.exitCode = main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
