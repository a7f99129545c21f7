import type { HostImport } from "./options.js";

/**
 * The types of a world, as `twinwall bindgen` writes them: for {@link Sandbox.create}, which then checks calls and host
 * functions at compile time too.
 *
 * @example
 * ```ts
 * interface Calc {
 *   exports: { "docs:calc/ops@0.1.0#add": (a: number, b: number) => number };
 *   imports: { "docs:calc/log@0.1.0": { write(message: string): void } };
 * }
 * ```
 */
export interface WorldTypes {
  /** Functions by their full names. */
  readonly exports: object;
  /** What {@link SandboxOptions.host} must be. */
  readonly imports: object;
}

/** The types of a world that nobody has told TypeScript of: calls are checked when they are made. */
export interface DynamicWorld {
  readonly exports: Readonly<Record<string, (...values: unknown[]) => unknown>>;
  readonly imports: Readonly<Record<string, HostImport>>;
}

/** Names of the functions of a world. */
export type FunctionName<Types extends WorldTypes> = keyof Types["exports"] & string;

/** What a function of a world takes. */
export type ArgumentsOf<
  Types extends WorldTypes,
  Name extends FunctionName<Types>,
> = Types["exports"][Name] extends (...values: infer Values) => unknown ? Values : never;

/** What a function of a world returns. */
export type ResultOf<
  Types extends WorldTypes,
  Name extends FunctionName<Types>,
> = Types["exports"][Name] extends (...values: never[]) => infer Result ? Result : never;
