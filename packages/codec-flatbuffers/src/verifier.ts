import { Base, type Field, type FieldType, type ObjectType, type Schema, scalarBytes } from "./schema.js";

/** Bounds of what is verified. */
export interface VerifierLimits {
  /** Deepest nesting of tables. */
  readonly depth: number;
  /** Most tables, those that are referred to again counted again. */
  readonly tables: number;
  /** Most bytes of all that is referred to, counted likewise: what reading may come to copy. */
  readonly apparentBytes: number;
}

/**
 * Holds the bytes of a message to its schema, before anything reads it: flatc's readers for TypeScript believe every offset
 * and length. All that a reader may touch lies within the bytes then, and reading ends.
 *
 * @throws RangeError that says what is wrong.
 */
export function verify(schema: Schema, bytes: Uint8Array, limits: VerifierLimits): void {
  new Verifier(schema, bytes, limits).root();
}

/** Where a table's fields are. */
interface TablePlace {
  readonly position: number;
  readonly vtable: number;
  readonly vtableBytes: number;
}

class Verifier {
  readonly #view: DataView;
  #tables: number;
  #left: number;

  constructor(
    private readonly schema: Schema,
    private readonly bytes: Uint8Array,
    private readonly limits: VerifierLimits,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#tables = limits.tables;
    this.#left = limits.apparentBytes;
  }

  root(): void {
    this.#table(this.#follow(0), this.schema.root, 1);
  }

  #table(position: number, type: ObjectType, depth: number): void {
    if (depth > this.limits.depth)
      throw new RangeError(`tables are nested more than ${this.limits.depth} deep`);
    this.#tables -= 1;
    if (this.#tables < 0) throw new RangeError(`it has more than ${this.limits.tables} tables`);
    const place = this.#place(position);
    for (const field of type.fields) this.#field(place, type, field, depth);
  }

  #place(position: number): TablePlace {
    this.#check(position, 4, 4);
    const vtable = position - this.#view.getInt32(position, true);
    this.#check(vtable, 4, 2);
    const vtableBytes = this.#view.getUint16(vtable, true);
    const bytes = this.#view.getUint16(vtable + 2, true);
    if (vtableBytes < 4 || vtableBytes % 2 !== 0 || bytes < 4) throw new RangeError("a table is too short");
    this.#check(vtable, vtableBytes, 2);
    this.#check(position, bytes, 4);
    this.#spend(bytes);
    return { position, vtable, vtableBytes };
  }

  /** Where a field lies; 0 when it is absent. */
  #at(place: TablePlace, id: number, size: number, align: number): number {
    const entry = 4 + 2 * id;
    if (entry + 2 > place.vtableBytes) return 0;
    const offset = this.#view.getUint16(place.vtable + entry, true);
    if (offset === 0) return 0;
    // Not held to the size in the vtable: what flatc generates places structs behind it.
    if (offset < 4) throw new RangeError("a field lies in front of its table");
    this.#check(place.position + offset, size, align);
    return place.position + offset;
  }

  #field(place: TablePlace, owner: ObjectType, field: Field, depth: number): void {
    const { type } = field;
    const [size, align] = this.#inline(type);
    const at = this.#at(place, field.id, size, align);
    if (at === 0) {
      if (field.required) throw new RangeError(`${owner.name} lacks its field ${field.name}`);
      return;
    }
    switch (type.base) {
      case Base.String:
        this.#string(this.#follow(at));
        break;
      case Base.Vector:
        this.#vector(place, field, this.#follow(at), depth);
        break;
      case Base.Union:
        this.#union(type, this.#kindOf(place, field), this.#follow(at), depth);
        break;
      case Base.Object:
        if (!this.#object(type).isStruct) this.#table(this.#follow(at), this.#object(type), depth + 1);
    }
  }

  /** Bytes and alignment of a field in its table. */
  #inline(type: FieldType): readonly [number, number] {
    const scalar = scalarBytes(type.base);
    if (scalar !== undefined) return [scalar, scalar];
    if (type.base === Base.Object && this.#object(type).isStruct) {
      const { bytes, align } = this.#object(type);
      return [bytes, align];
    }
    if ([Base.String, Base.Vector, Base.Object, Base.Union].some((base) => base === type.base)) return [4, 4];
    throw new RangeError(`the schema has a type of kind ${type.base}, which is not supported`);
  }

  #object(type: FieldType): ObjectType {
    const found = this.schema.objects[type.index];
    if (found === undefined) throw new RangeError("the schema refers to a type that it does not have");
    return found;
  }

  #string(position: number): void {
    this.#check(position, 4, 4);
    const length = this.#view.getUint32(position, true);
    this.#check(position + 4, length + 1, 1);
    if (this.bytes[position + 4 + length] !== 0) throw new RangeError("a string does not end with zero");
    this.#spend(length);
  }

  /** Length of a vector whose elements, of such a size, are all there. */
  #elements(position: number, size: number, align: number): number {
    this.#check(position, 4, 4);
    const length = this.#view.getUint32(position, true);
    this.#check(position + 4, length * size, align);
    this.#spend(length * size);
    return length;
  }

  #vector(place: TablePlace, field: Field, position: number, depth: number): void {
    const { element, index } = field.type;
    const type: FieldType = { base: element, element: Base.None, index };
    if (element === Base.Vector || element === Base.Array) {
      throw new RangeError("the schema has a vector of vectors, which is not supported");
    }
    const [size, align] = this.#inline(type);
    const length = this.#elements(position, size, align);
    if (scalarBytes(element) !== undefined) return;
    if (element === Base.Object && this.#object(type).isStruct) return;
    const kinds = element === Base.Union ? this.#kindsOf(place, field, length) : undefined;
    for (let number = 0; number < length; number++) {
      const target = this.#follow(position + 4 + 4 * number);
      if (element === Base.String) this.#string(target);
      else if (kinds !== undefined) this.#union(type, this.bytes[kinds + number] ?? 0, target, depth);
      else this.#table(target, this.#object(type), depth + 1);
    }
  }

  /** The kind of a union is the field before it. */
  #kindOf(place: TablePlace, field: Field): number {
    const at = this.#at(place, field.id - 1, 1, 1);
    return at === 0 ? 0 : (this.bytes[at] ?? 0);
  }

  /** Where the kinds of a vector of unions are. */
  #kindsOf(place: TablePlace, field: Field, length: number): number {
    const at = this.#at(place, field.id - 1, 4, 4);
    const position = at === 0 ? 0 : this.#follow(at);
    if (at === 0 || this.#elements(position, 1, 1) !== length) {
      throw new RangeError(`${field.name} has not as many kinds as values`);
    }
    return position + 4;
  }

  #union(type: FieldType, kind: number, position: number, depth: number): void {
    const found = this.schema.unions[type.index]?.get(kind);
    if (kind === 0 || found === undefined) throw new RangeError(`a union has no kind ${kind}`);
    const object = found.base === Base.String ? undefined : this.#object(found);
    if (object === undefined) this.#string(position);
    else if (object.isStruct) this.#check(position, object.bytes, object.align);
    else this.#table(position, object, depth + 1);
  }

  #follow(at: number): number {
    this.#check(at, 4, 4);
    const offset = this.#view.getUint32(at, true);
    if (offset === 0) throw new RangeError("an offset leads to itself");
    return at + offset;
  }

  #check(at: number, length: number, align: number): void {
    if (at < 0 || at + length > this.bytes.length) {
      throw new RangeError(`it ends at byte ${this.bytes.length}, but ${length} bytes at ${at} belong to it`);
    }
    if (at % align !== 0) throw new RangeError(`byte ${at} is not a multiple of ${align}`);
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new RangeError(`it refers to more than ${this.limits.apparentBytes} bytes`);
  }
}
