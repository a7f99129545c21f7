import { describe, expect, it } from "vitest";
import { type BootConfiguration, encodeBootConfiguration } from "../src/boot.js";
import { type CommandInput, encodeCommandInput } from "../src/command.js";
import { bytesOf, hexOf, readVectors } from "./vectors.js";

type Written<Shape> = {
  [Name in keyof Shape]: Shape[Name] extends bigint | Uint8Array ? string : Shape[Name];
};

const { configurations } = readVectors<{
  configurations: (Written<BootConfiguration> & { bytes: string })[];
}>("boot");
const { commands } = readVectors<{ commands: (Written<CommandInput> & { bytes: string })[] }>("commands");

describe("boot configurations", () => {
  it.each(configurations)("with $files.length files have the bytes of the vector", ({ bytes, ...values }) => {
    const configuration = {
      ...values,
      moduleAddress: BigInt(values.moduleAddress),
      filesAddress: BigInt(values.filesAddress),
      init: bytesOf(values.init),
    };
    expect(hexOf(encodeBootConfiguration(configuration))).toBe(bytes);
  });
});

describe("inputs of commands", () => {
  it.each(commands)(
    "with $arguments.length arguments have the bytes of the vector",
    ({ bytes, ...values }) => {
      expect(hexOf(encodeCommandInput({ ...values, stdin: bytesOf(values.stdin) }))).toBe(bytes);
    },
  );
});
