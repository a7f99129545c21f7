import { ByteBuffer } from "flatbuffers";

/** `BaseType` of reflection.fbs, which describes schemas: https://github.com/google/flatbuffers/blob/master/reflection/reflection.fbs */
export const Base = {
  None: 0,
  UnionType: 1,
  Bool: 2,
  Float: 11,
  Double: 12,
  String: 13,
  Vector: 14,
  Object: 15,
  Union: 16,
  Array: 17,
} as const;

/** Bytes of a scalar by its base type; `undefined` for what is none. */
const SCALAR_BYTES: Readonly<Record<number, number>> = {
  [Base.UnionType]: 1,
  [Base.Bool]: 1,
  3: 1,
  4: 1,
  5: 2,
  6: 2,
  7: 4,
  8: 4,
  9: 8,
  10: 8,
  [Base.Float]: 4,
  [Base.Double]: 8,
};

/** A type of a field. */
export interface FieldType {
  readonly base: number;
  /** Of a vector: the base type of its elements. */
  readonly element: number;
  /** Number of the object, or of the enum behind a union. */
  readonly index: number;
}

/** A field of a table. */
export interface Field {
  readonly name: string;
  /** Position in the vtable, counted in fields. */
  readonly id: number;
  readonly type: FieldType;
  readonly required: boolean;
}

/** A table or struct. */
export interface ObjectType {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly isStruct: boolean;
  /** Of a struct. */
  readonly bytes: number;
  /** Of a struct. */
  readonly align: number;
}

/** A schema, as far as verifying needs it. */
export interface Schema {
  readonly objects: readonly ObjectType[];
  /** Of each enum: the type behind each value of a union. */
  readonly unions: readonly ReadonlyMap<number, FieldType>[];
  readonly root: ObjectType;
}

/** Bytes of a scalar; `undefined` for what is no scalar. */
export function scalarBytes(base: number): number | undefined {
  return SCALAR_BYTES[base];
}

/**
 * Reads a table's fields by their numbers. The schema is the caller's own, so offsets are not verified; but one that was
 * damaged must not keep the process busy: there are never more tables than bytes.
 */
class Reader {
  constructor(
    private readonly buffer: ByteBuffer,
    private readonly position: number,
    private readonly tablesLeft: { count: number },
  ) {}

  static root(bytes: Uint8Array): Reader {
    const buffer = new ByteBuffer(bytes);
    return new Reader(buffer, buffer.readInt32(0), { count: bytes.length });
  }

  #at(field: number): number {
    const offset = this.buffer.__offset(this.position, 4 + 2 * field);
    return offset === 0 ? 0 : this.position + offset;
  }

  byte(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : this.buffer.readUint8(at);
  }

  short(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : this.buffer.readUint16(at);
  }

  int(field: number, absent = 0): number {
    const at = this.#at(field);
    return at === 0 ? absent : this.buffer.readInt32(at);
  }

  long(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : Number(this.buffer.readInt64(at));
  }

  text(field: number): string {
    const at = this.#at(field);
    return at === 0 ? "" : String(this.buffer.__string(at));
  }

  table(field: number): Reader | undefined {
    const at = this.#at(field);
    return at === 0 ? undefined : this.#follow(at);
  }

  tables(field: number): Reader[] {
    const at = this.#at(field);
    if (at === 0) return [];
    const [start, length] = [this.buffer.__vector(at), this.buffer.__vector_len(at)];
    if (length < 0 || length > this.tablesLeft.count) throw new RangeError("it has more tables than bytes");
    return Array.from({ length }, (_, index) => this.#follow(start + 4 * index));
  }

  #follow(at: number): Reader {
    this.tablesLeft.count -= 1;
    if (this.tablesLeft.count < 0) throw new RangeError("it has more tables than bytes");
    return new Reader(this.buffer, this.buffer.__indirect(at), this.tablesLeft);
  }
}

// Numbers of the fields in reflection.fbs.
const inSchema = { objects: 0, enums: 1, rootTable: 4 } as const;
const inObject = { name: 0, fields: 1, isStruct: 2, minAlign: 3, byteSize: 4 } as const;
const inField = { name: 0, type: 1, id: 2, required: 7 } as const;
const inType = { base: 0, element: 1, index: 2 } as const;
const inEnum = { values: 1 } as const;
const inValue = { value: 1, unionType: 3 } as const;

/**
 * Reads a binary schema, as `flatc --binary --schema` writes it.
 *
 * @param root Full name of the table that messages are; default: the schema's own root type.
 * @throws RangeError when it is none, or has no such table.
 */
export function readSchema(bytes: Uint8Array, root?: string): Schema {
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(4, 8)) !== "BFBS") {
    throw new RangeError("it is no binary schema; `flatc --binary --schema` writes one");
  }
  const schema = Reader.root(bytes);
  const objects = schema.tables(inSchema.objects).map(readObject);
  const wanted = root ?? schema.table(inSchema.rootTable)?.text(inObject.name);
  const found = objects.find((one) => one.name === wanted && !one.isStruct);
  if (found === undefined) throw new RangeError(`it has no table ${wanted ?? "as its root type"}`);
  return { objects, unions: schema.tables(inSchema.enums).map(readUnion), root: found };
}

function readObject(table: Reader): ObjectType {
  return {
    name: table.text(inObject.name),
    fields: table.tables(inObject.fields).map(readField),
    isStruct: table.byte(inObject.isStruct) !== 0,
    bytes: table.int(inObject.byteSize),
    align: table.int(inObject.minAlign),
  };
}

function readField(table: Reader): Field {
  return {
    name: table.text(inField.name),
    id: table.short(inField.id),
    type: readType(table.table(inField.type)),
    required: table.byte(inField.required) !== 0,
  };
}

function readType(table: Reader | undefined): FieldType {
  return {
    base: table?.byte(inType.base) ?? Base.None,
    element: table?.byte(inType.element) ?? Base.None,
    index: table?.int(inType.index, -1) ?? -1,
  };
}

function readUnion(table: Reader): ReadonlyMap<number, FieldType> {
  const values = table.tables(inEnum.values);
  return new Map(values.map((one) => [one.long(inValue.value), readType(one.table(inValue.unionType))]));
}
