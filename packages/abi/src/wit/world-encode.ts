import { Builder } from "flatbuffers";
import { Resource } from "../generated/twinwall/abi/resource.js";
import { Type } from "../generated/twinwall/abi/type.js";
import { World as Table } from "../generated/twinwall/abi/world.js";
import { WorldFunction as FunctionTable } from "../generated/twinwall/abi/world-function.js";
import { payloadsOf } from "./layout.js";
import type { WitType, World, WorldFunction, WorldResource } from "./types.js";
import { NO_TYPE, typeKinds } from "./world.js";

/** Writes a world, as `decodeWorld` reads it. */
export function encodeWorld(world: World): Uint8Array {
  const builder = new Builder(1024);
  const types = new TypeTables(builder, world.resources);
  const functions = (list: readonly WorldFunction[]) => list.map((one) => addFunction(builder, one, types));
  const imports = Table.createImportsVector(builder, functions(world.imports));
  const exports = Table.createExportsVector(builder, functions(world.exports));
  const resources = Table.createResourcesVector(
    builder,
    world.resources.map((one) => addResource(builder, one)),
  );
  const typeVector = Table.createTypesVector(builder, types.offsets);
  const name = text(builder, world.name);
  Table.finishWorldBuffer(builder, Table.createWorld(builder, name, typeVector, resources, imports, exports));
  return builder.asUint8Array().slice();
}

/** Offset of a text; 0, the absent field, for none. */
function text(builder: Builder, value: string | undefined): number {
  return value === undefined ? 0 : builder.createString(value);
}

function addResource(builder: Builder, resource: WorldResource): number {
  const name = builder.createString(resource.name);
  return Resource.createResource(builder, name, text(builder, resource.interfaceName), resource.imported, 0);
}

function addFunction(builder: Builder, one: WorldFunction, types: TypeTables): number {
  const parameters = one.parameters.map((parameter) => types.add(parameter.type));
  const result = one.result === undefined ? NO_TYPE : types.add(one.result);
  const names = FunctionTable.createParameterNamesVector(
    builder,
    one.parameters.map((parameter) => builder.createString(parameter.name)),
  );
  return FunctionTable.createWorldFunction(
    builder,
    builder.createString(one.name),
    text(builder, one.interfaceName),
    names,
    FunctionTable.createParametersVector(builder, parameters),
    result,
    text(builder, one.docs),
  );
}

/** Types by the number under which others refer to them: parts come first. */
class TypeTables {
  readonly offsets: number[] = [];
  readonly #numbers = new Map<WitType, number>();

  constructor(
    private readonly builder: Builder,
    private readonly resources: readonly WorldResource[],
  ) {}

  add(type: WitType): number {
    const known = this.#numbers.get(type);
    if (known !== undefined) return known;
    const parts = partsOf(type).map((part) => (part === undefined ? NO_TYPE : this.add(part)));
    const { builder } = this;
    const labels = labelsOf(type).map((label) => builder.createString(label));
    const labelVector = labels.length === 0 ? 0 : Type.createLabelsVector(builder, labels);
    const partVector = parts.length === 0 ? 0 : Type.createTypesVector(builder, parts);
    const name = text(builder, "name" in type ? type.name : undefined);
    const resource = "resource" in type ? this.resources.indexOf(type.resource) : 0;
    const kind = typeKinds.indexOf(type.kind);
    this.offsets.push(Type.createType(builder, kind, name, 0, labelVector, partVector, resource, 0));
    this.#numbers.set(type, this.offsets.length - 1);
    return this.offsets.length - 1;
  }
}

function partsOf(type: WitType): readonly (WitType | undefined)[] {
  switch (type.kind) {
    case "list":
      return [type.element];
    case "option":
      return [type.value];
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return type.items;
    case "variant":
    case "result":
      return payloadsOf(type);
    default:
      return [];
  }
}

function labelsOf(type: WitType): readonly string[] {
  switch (type.kind) {
    case "record":
      return type.fields.map((field) => field.name);
    case "variant":
      return type.cases.map((one) => one.name);
    case "enum":
      return type.cases;
    case "flags":
      return type.names;
    default:
      return [];
  }
}
