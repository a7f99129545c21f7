/**
 * The command `twinwall` as a function, for programs that bring their own executable.
 *
 * @module
 */

export { main } from "./cli.js";
