import { show } from "../quantity.js";
import { numberArrayName } from "./number-arrays.js";

/** A value that is not of its type. The path grows while it goes outward. */
export class Mismatch extends Error {
  path = "";

  constructor(
    readonly expected: string,
    readonly found: string,
  ) {
    super("a value is not of its type");
  }
}

/** A reply that is not what its type says. */
export class Malformed extends Error {
  path = "";

  constructor(readonly reason: string) {
    super("a reply is malformed");
  }
}

/** Puts a step in front of the path of an error that comes from within. */
export function within(error: unknown, step: string): unknown {
  if (error instanceof Mismatch || error instanceof Malformed) error.path = step + error.path;
  return error;
}

/** The error of a value that is of another type. */
export function mismatch(expected: string, value: unknown): Mismatch {
  return new Mismatch(expected, describe(value));
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = numberArrayName(value);
  if (name !== undefined) return withArticle(name);
  return show(value);
}

/** A name of a typed array, with the article that it has when spoken. */
export function withArticle(name: string): string {
  return `${name.startsWith("Int") ? "an" : "a"} ${name}`;
}
