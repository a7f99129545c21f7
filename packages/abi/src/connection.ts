import { TwinwallError } from "./error.js";

// What a connection guest's function `on_data` takes and returns: one byte of flags, then data.

/** Most bytes of data in one call of `on_data`: longer chunks are handed over in pieces. */
export const MAX_CHUNK_BYTES = 64 * 1024;

/** Name of the bytes function that a connection guest exports. */
export const ON_DATA = "on_data";

const TOWARDS_CLIENT = 1;
const END_OF_STREAM = 2;
const CLOSE = 1;

/** Which way a chunk goes, and whether it is the last. */
export interface ChunkFlags {
  /** From the upstream to the client; else from the client to the upstream. */
  readonly towardsClient: boolean;
  /** Nothing follows in this direction. */
  readonly endOfStream: boolean;
}

/** What a connection guest takes: part of the data of one direction. */
export interface Chunk extends ChunkFlags {
  readonly data: Uint8Array;
}

/** What a connection guest returns. */
export interface Passed {
  /** Close the connection once the data has been passed on. */
  readonly close: boolean;
  /** A view of the result. */
  readonly data: Uint8Array;
}

/**
 * The flags byte of a chunk: bit 0 for towards the client, bit 1 for the end of the stream.
 *
 * @example
 * ```ts
 * chunkFlags({ towardsClient: true, endOfStream: true }); // => 3
 * ```
 */
export function chunkFlags({ towardsClient, endOfStream }: ChunkFlags): number {
  return (towardsClient ? TOWARDS_CLIENT : 0) | (endOfStream ? END_OF_STREAM : 0);
}

/** The input of `on_data`, in bytes of its own. */
export function encodeChunk(data: Uint8Array, flags: ChunkFlags): Uint8Array {
  const input = new Uint8Array(1 + data.length);
  input[0] = chunkFlags(flags);
  input.set(data, 1);
  return input;
}

/**
 * Reads what has the form of an input of `on_data`: the arguments of the host function `write` do too.
 *
 * @returns `data` is a view.
 * @throws TwinwallError `E_BAD_REPLY` when there is no flags byte, or bits in it that mean nothing.
 */
export function decodeChunk(input: Uint8Array): Chunk {
  const flags = flagsOf(input, TOWARDS_CLIENT | END_OF_STREAM, "a chunk");
  return {
    towardsClient: (flags & TOWARDS_CLIENT) !== 0,
    endOfStream: (flags & END_OF_STREAM) !== 0,
    data: input.subarray(1),
  };
}

/**
 * Reads the result of `on_data`.
 *
 * @throws TwinwallError `E_BAD_REPLY` when there is no flags byte, or bits in it that mean nothing.
 */
export function decodePassed(result: Uint8Array): Passed {
  const flags = flagsOf(result, CLOSE, `the result of ${ON_DATA}`);
  return { close: (flags & CLOSE) !== 0, data: result.subarray(1) };
}

function flagsOf(bytes: Uint8Array, known: number, what: string): number {
  const flags = bytes[0];
  if (flags === undefined)
    throw new TwinwallError("E_BAD_REPLY", `${what} is empty; it begins with a byte of flags`);
  if ((flags & ~known) === 0) return flags;
  throw new TwinwallError(
    "E_BAD_REPLY",
    `${what} has flags 0x${flags.toString(16)}, of which some mean nothing`,
  );
}
