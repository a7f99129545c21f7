import { TwinwallError } from "../error.js";
import { BadTable } from "../flat-table.js";
import { sequence } from "./layout.js";
import { loadParts } from "./load.js";
import { Malformed, Mismatch } from "./mismatch.js";
import { Reader } from "./reader.js";
import { storeParts } from "./store.js";
import type { HandleType, WitField } from "./types.js";
import { Writer } from "./writer.js";

/** Keeps the resources that handles stand for. */
export interface ResourceBridge {
  /** The handle of a resource; `undefined` when `value` is none of that type. */
  lower(type: HandleType, value: unknown): number | undefined;
  /**
   * The resource of a handle.
   *
   * @throws TwinwallError `E_BAD_REPLY` when there is none.
   */
  lift(type: HandleType, handle: number): unknown;
}

/** Whose values a codec reads and writes: for messages. */
export interface ValuesOf {
  /** Instance of the function; absent for one of the world itself. */
  readonly interfaceName?: string | undefined;
  readonly function: string;
  /** Whether the values are the function's parameters or its result. */
  readonly role: "parameter" | "result";
}

/** Reads and writes the parameters, or the result, of one function. */
export interface ValuesCodec {
  /**
   * Checks values and writes them.
   *
   * @returns A frame; a view that the next `encode` of this codec overwrites.
   * @throws TwinwallError `E_TYPE`, which says which part of which parameter is not of its type.
   */
  encode(values: readonly unknown[], resources?: ResourceBridge): Uint8Array;
  /**
   * Reads a frame from a guest. The values share no bytes with it.
   *
   * @param length Bytes of the frame, at the start of `frame`. Default: all.
   * @throws TwinwallError `E_BAD_REPLY` for what is malformed, or is not of these types.
   */
  decode(frame: Uint8Array, resources?: ResourceBridge, length?: number): unknown[];
}

/**
 * Makes the codec of a function's parameters, or of its result (one item, or none).
 *
 * @example
 * ```ts
 * const codec = createValuesCodec({ function: "add", role: "parameter" }, [{ name: "a", type: { kind: "u8" } }]);
 * codec.decode(codec.encode([255])); // => [255]
 * ```
 */
export function createValuesCodec(owner: ValuesOf, items: readonly WitField[]): ValuesCodec {
  return new Codec(owner, items);
}

class Codec implements ValuesCodec {
  readonly #size: number;
  readonly #stores: ReturnType<typeof storeParts>;
  readonly #loads: ReturnType<typeof loadParts>;
  /** Missing while it is in use: a getter of a value may call the same function. */
  #writer: Writer | undefined = new Writer();
  #reader: Reader | undefined = new Reader();

  constructor(
    private readonly owner: ValuesOf,
    private readonly items: readonly WitField[],
  ) {
    this.#size = sequence(items.map((item) => item.type)).size;
    this.#stores = storeParts(items);
    this.#loads = loadParts(items);
  }

  encode(values: readonly unknown[], resources?: ResourceBridge): Uint8Array {
    const stores = this.#stores;
    if (values.length !== stores.length) throw this.#arity(values.length);
    const writer = this.#writer ?? new Writer();
    this.#writer = undefined;
    let index = 0;
    try {
      writer.begin(this.#size, resources);
      for (; index < stores.length; index++) {
        const part = stores[index] as (typeof stores)[number];
        part.store(writer, part.offset, values[index]);
      }
      return writer.frame();
    } catch (error) {
      throw this.#ofType(error, index);
    } finally {
      writer.resources = undefined;
      this.#writer = writer;
    }
  }

  decode(frame: Uint8Array, resources?: ResourceBridge, length: number = frame.length): unknown[] {
    const values: unknown[] = [];
    const reader = this.#reader ?? new Reader();
    this.#reader = undefined;
    try {
      const start = reader.begin(frame, length, resources);
      reader.take(0, this.#size, 1);
      for (const part of this.#loads) values.push(part.load(reader, start + part.offset));
      reader.close();
      return values;
    } catch (error) {
      throw this.#ofReply(error, values.length);
    } finally {
      reader.end();
      this.#reader = reader;
    }
  }

  #arity(count: number): TwinwallError {
    const { length } = this.items;
    const names = this.items.map((item) => item.name).join(", ");
    const wanted = length === 1 ? "1 argument" : `${length} arguments`;
    return new TwinwallError("E_TYPE", `${this.#function()} takes ${wanted} (${names}), not ${count}`);
  }

  #ofType(error: unknown, index: number): unknown {
    if (!(error instanceof Mismatch)) return error;
    const { expected, found, path } = error;
    const place = `${this.#function()}: ${this.#place(index)}${path}`;
    return new TwinwallError("E_TYPE", `${place}: expected ${expected}, found ${found}`);
  }

  #ofReply(error: unknown, index: number): unknown {
    if (error instanceof BadTable) {
      return new TwinwallError("E_BAD_REPLY", `${this.#function()}: malformed values: ${error.message}`);
    }
    if (!(error instanceof Malformed)) return error;
    const place = `${this.#function()}: ${this.#place(index)}${error.path}`;
    return new TwinwallError("E_BAD_REPLY", `${place} is malformed: ${error.reason}`);
  }

  #place(index: number): string {
    const { role } = this.owner;
    const name = this.items[index]?.name;
    return role === "parameter" && name !== undefined ? `parameter ${name}` : role;
  }

  #function(): string {
    const { interfaceName, function: name } = this.owner;
    return interfaceName === undefined ? name : `${interfaceName}#${name}`;
  }
}
