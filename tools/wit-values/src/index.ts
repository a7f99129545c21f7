/**
 * Random types of WIT and values of them.
 *
 * @module
 */

export { listOf, types, valuesOf } from "./arbitrary.js";
export type { Type } from "./type.js";
