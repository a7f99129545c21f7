import { Builder } from "flatbuffers";
import { BootConfiguration as Table } from "./generated/twinwall/abi/boot-configuration.js";
import { ComponentExport } from "./generated/twinwall/abi/component-export.js";
import { File } from "./generated/twinwall/abi/file.js";
import { FunctionShape } from "./generated/twinwall/abi/function-shape.js";
import { HostFunction } from "./generated/twinwall/abi/host-function.js";
import { coreNumberOf, type ScalarKind } from "./values.js";

/** A host function as the guest runtime gets to know it. */
export interface BootHostFunction {
  readonly name: string;
  /** `typed`: a component's import; `resource`: a resource type that one imports. */
  readonly shape: "bytes" | "scalars" | "typed" | "resource";
  /** Of a component's import: its instance, with package and version; absent for the world itself. */
  readonly interfaceName?: string | undefined;
  readonly deferred: boolean;
  /** Of a scalar function; else empty. */
  readonly parameters: readonly ScalarKind[];
  readonly results: readonly ScalarKind[];
}

/** A function that a component exports. */
export interface BootExport {
  /** Its instance, with package and version; `undefined` for the world itself. */
  readonly interfaceName: string | undefined;
  readonly name: string;
}

/** A file of the read-only tree: where it lies in the files attachment. */
export interface BootFile {
  /** Absolute, `/`-separated, without `.` or `..`. */
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** What the guest runtime is told once, before the snapshot. Addresses are guest virtual. */
export interface BootConfiguration {
  readonly moduleAddress: bigint;
  readonly moduleLength: number;
  readonly filesAddress: bigint;
  readonly files: readonly BootFile[];
  /** Cap on all linear memories and tables together, bytes. */
  readonly memoryLimit: number;
  /** Whether the module was compiled with fuel. */
  readonly fuel: boolean;
  /** A host call names a function by its position here. */
  readonly hostFunctions: readonly BootHostFunction[];
  /** Given to `twinwall_init` where the module exports it. */
  readonly init: Uint8Array;
  /** Whether the module is a WASI command. */
  readonly command: boolean;
  /** Of a component: what a typed call names by its position here. Absent: it is a core module. */
  readonly componentExports?: readonly BootExport[] | undefined;
}

/** Encodes a boot configuration for the guest runtime. */
export function encodeBootConfiguration(configuration: BootConfiguration): Uint8Array {
  const builder = new Builder(256 + configuration.init.length);
  const files = Table.createFilesVector(
    builder,
    configuration.files.map((file) => addFile(builder, file)),
  );
  const hostFunctions = Table.createHostFunctionsVector(
    builder,
    configuration.hostFunctions.map((declared) => addHostFunction(builder, declared)),
  );
  const { componentExports } = configuration;
  const exports =
    componentExports === undefined
      ? 0
      : Table.createComponentExportsVector(
          builder,
          componentExports.map((one) => addExport(builder, one)),
        );
  const init = builder.createByteVector(configuration.init);
  Table.finishBootConfigurationBuffer(
    builder,
    Table.createBootConfiguration(
      builder,
      configuration.moduleAddress,
      BigInt(configuration.moduleLength),
      configuration.filesAddress,
      files,
      BigInt(configuration.memoryLimit),
      configuration.fuel,
      hostFunctions,
      init,
      configuration.command,
      componentExports !== undefined,
      exports,
    ),
  );
  return builder.asUint8Array().slice();
}

function addFile(builder: Builder, file: BootFile): number {
  return File.createFile(builder, builder.createString(file.path), BigInt(file.offset), BigInt(file.length));
}

function addExport(builder: Builder, one: BootExport): number {
  const interfaceName = one.interfaceName === undefined ? 0 : builder.createString(one.interfaceName);
  return ComponentExport.createComponentExport(builder, interfaceName, builder.createString(one.name));
}

const shapes = {
  bytes: FunctionShape.Bytes,
  scalars: FunctionShape.Scalars,
  typed: FunctionShape.Typed,
  resource: FunctionShape.Resource,
} as const;

function addHostFunction(builder: Builder, declared: BootHostFunction): number {
  return HostFunction.createHostFunction(
    builder,
    builder.createString(declared.name),
    shapes[declared.shape],
    declared.deferred,
    HostFunction.createParametersVector(builder, declared.parameters.map(coreNumberOf)),
    HostFunction.createResultsVector(builder, declared.results.map(coreNumberOf)),
    declared.interfaceName === undefined ? 0 : builder.createString(declared.interfaceName),
  );
}
