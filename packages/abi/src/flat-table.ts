/** A FlatBuffer that does not hold what its offsets say. */
export class BadTable extends Error {}

/** How often the bytes of a file may be read on average: writers may let tables share texts. */
const MOST_READS = 16;

/** How many bytes may be read more than there are. */
const MOST_SHARED = 64 * 2 ** 20;

/** What may still be read, bytes. */
interface Budget {
  left: number;
}

/**
 * Reads tables of a FlatBuffer whose bytes nobody vouches for.
 *
 * The generated readers trust every offset; files come from anywhere. Here each offset and length is checked against
 * the bytes, and offsets only lead forward (but for the vtable's), so that reading ends. It ends soon, too: pieces may be
 * part of several tables, but all that is read together is bounded by the file's length.
 */
export class FlatTable {
  private readonly view: DataView;
  private readonly vtable: number;
  private readonly vtableBytes: number;

  private constructor(
    private readonly bytes: Uint8Array,
    private readonly position: number,
    private readonly budget: Budget,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.vtable = position - this.int32(position);
    this.vtableBytes = this.uint16(this.vtable);
    const tableBytes = this.uint16(this.vtable + 2);
    this.check(this.vtable, this.vtableBytes);
    this.check(position, tableBytes);
    if (this.vtableBytes < 4 || tableBytes < 4) throw new BadTable("a table is too short");
    this.charge(tableBytes);
  }

  /** The four characters that name the type; empty when the file is too short. */
  static identifier(bytes: Uint8Array): string {
    return bytes.length < 8 ? "" : String.fromCharCode(...bytes.subarray(4, 8));
  }

  /** The outermost table. */
  static root(bytes: Uint8Array): FlatTable {
    if (bytes.length < 8) throw new BadTable("it ends before its first table");
    const offset = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const left = Math.min(MOST_READS * bytes.length, MOST_SHARED + bytes.length);
    return new FlatTable(bytes, offset, { left });
  }

  /** Field `slot` as an unsigned byte; 0 when it is absent. */
  byte(slot: number): number {
    const at = this.field(slot, 1);
    return at === 0 ? 0 : this.view.getUint8(at);
  }

  /** Field `slot` as a 32-bit number; `absent`, the schema's default, when it is absent. */
  number(slot: number, absent = 0): number {
    const at = this.field(slot, 4);
    return at === 0 ? absent : this.view.getUint32(at, true);
  }

  /** Field `slot` as a 64-bit number; 0 when it is absent. */
  long(slot: number): bigint {
    const at = this.field(slot, 8);
    return at === 0 ? 0n : this.view.getBigUint64(at, true);
  }

  /** Field `slot` as bytes (a view); `undefined` when it is absent. */
  byteVector(slot: number): Uint8Array | undefined {
    const vector = this.vector(slot, 1);
    return vector && this.bytes.subarray(vector.start, vector.start + vector.length);
  }

  /** Field `slot` as text; `undefined` when it is absent. */
  text(slot: number): string | undefined {
    const bytes = this.byteVector(slot);
    return bytes && decodeText(bytes);
  }

  /** Field `slot` as a list of 32-bit numbers; empty when it is absent. */
  numbers(slot: number): number[] {
    const vector = this.vector(slot, 4);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, index) => this.uint32(vector.start + 4 * index));
  }

  /** Field `slot` as a list of texts; empty when it is absent. */
  texts(slot: number): string[] {
    const vector = this.vector(slot, 4);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, index) => {
      const start = this.follow(vector.start + 4 * index);
      const length = this.uint32(start);
      this.check(start + 4, length);
      this.charge(length);
      return decodeText(this.bytes.subarray(start + 4, start + 4 + length));
    });
  }

  /** Field `slot` as a table; `undefined` when it is absent. */
  table(slot: number): FlatTable | undefined {
    const at = this.field(slot, 4);
    return at === 0 ? undefined : new FlatTable(this.bytes, this.follow(at), this.budget);
  }

  /** Field `slot` as a list of tables; empty when it is absent. */
  tables(slot: number): FlatTable[] {
    const vector = this.vector(slot, 4);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, index) => {
      const at = vector.start + 4 * index;
      return new FlatTable(this.bytes, this.follow(at), this.budget);
    });
  }

  private vector(slot: number, itemBytes: number): { start: number; length: number } | undefined {
    const at = this.field(slot, 4);
    if (at === 0) return undefined;
    const start = this.follow(at);
    const length = this.uint32(start);
    this.check(start + 4, length * itemBytes);
    this.charge(length * itemBytes);
    return { start: start + 4, length };
  }

  /** Where field `slot` lies; 0 when it is absent. */
  private field(slot: number, bytes: number): number {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.vtableBytes) return 0;
    const offset = this.uint16(this.vtable + entry);
    if (offset === 0) return 0;
    this.check(this.position + offset, bytes);
    return this.position + offset;
  }

  private follow(at: number): number {
    const offset = this.uint32(at);
    if (offset === 0) throw new BadTable("an offset leads to itself");
    return at + offset;
  }

  private uint16(at: number): number {
    this.check(at, 2);
    return this.view.getUint16(at, true);
  }

  private uint32(at: number): number {
    this.check(at, 4);
    return this.view.getUint32(at, true);
  }

  private int32(at: number): number {
    this.check(at, 4);
    return this.view.getInt32(at, true);
  }

  private charge(length: number): void {
    this.budget.left -= length;
    if (this.budget.left < 0) throw new BadTable("too many of its pieces are the same bytes");
  }

  private check(at: number, length: number): void {
    if (at < 0 || length < 0 || at + length > this.bytes.length) {
      throw new BadTable(`it ends at byte ${this.bytes.length}, but ${length} bytes at ${at} belong to it`);
    }
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new BadTable("a text is not UTF-8");
  }
}
