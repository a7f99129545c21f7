import { Builder } from "flatbuffers";
import { CommandInput as Table } from "./generated/twinwall/abi/command-input.js";

/** What a WASI command gets for one run. */
export interface CommandInput {
  /** The first is the program's name. */
  readonly arguments: readonly string[];
  /** `KEY=VALUE`. */
  readonly environment: readonly string[];
  readonly stdin: Uint8Array;
}

/** Encodes a command's input. */
export function encodeCommandInput(input: CommandInput): Uint8Array {
  const builder = new Builder(256 + input.stdin.length);
  const stdin = builder.createByteVector(input.stdin);
  const values = Table.createArgumentsVector(
    builder,
    input.arguments.map((value) => builder.createString(value)),
  );
  const environment = Table.createEnvironmentVector(
    builder,
    input.environment.map((value) => builder.createString(value)),
  );
  Table.finishCommandInputBuffer(builder, Table.createCommandInput(builder, values, environment, stdin));
  return builder.asUint8Array().slice();
}
