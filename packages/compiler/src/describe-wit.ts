import {
  checkOptionNames,
  type Duration,
  type OptionNames,
  type Size,
  show,
  showName,
  TwinwallError,
} from "@twinwall/abi";
import type { Backends } from "./kept-backend.js";
import { type CompilerOptions, readBounds } from "./options.js";
import type { DescribeRequest } from "./worker-protocol.js";

/** How a world is described. An unknown name is `E_OPTION`. */
export interface DescribeWitOptions {
  /** The world's name, or `package:name/world@version`. Default: the only world of the package. */
  readonly world?: string;
  /** How guests of the section's module keep text: most languages as UTF-8, AssemblyScript as UTF-16. Default: `"utf8"`. */
  readonly stringEncoding?: "utf8" | "utf16";
  /** Longest time. Default: 60 s. */
  readonly deadline?: Duration;
  /** Most memory that this may take. Default: 1 GiB. */
  readonly memory?: Size;
}

const known: OptionNames<DescribeWitOptions> = {
  world: true,
  stringEncoding: true,
  deadline: true,
  memory: true,
};

/** A world, in the two forms in which others need it. */
export interface WitDescription {
  /** What `decodeWorld` of `@twinwall/abi` reads. */
  readonly world: Uint8Array<ArrayBuffer>;
  /**
   * A whole custom section, `component-type:` and the world's name. Appended to a core module that has the world's
   * functions, it makes of it one that the compiler takes for a component.
   */
  readonly section: Uint8Array<ArrayBuffer>;
}

/** Describes a world, see `describeWit`, in a Worker that has nothing else to do meanwhile. */
export async function describeIn(
  workers: Backends,
  files: Readonly<Record<string, string>>,
  options: DescribeWitOptions,
): Promise<WitDescription> {
  checkOptionNames("describeWit", options, known);
  const { deadline, memory } = options;
  const limits: CompilerOptions = {
    ...(deadline === undefined ? {} : { deadline }),
    ...(memory === undefined ? {} : { memory }),
  };
  const bounds = readBounds(limits);
  const request: DescribeRequest = {
    kind: "describe",
    files: checkFiles(files),
    world: checkWorld(options.world),
    utf16: isUtf16(options.stringEncoding ?? "utf8"),
    memoryBytes: bounds.memoryBytes,
  };
  const backend = workers.take();
  try {
    return await backend.describe(request, bounds);
  } finally {
    await workers.giveBack(backend);
  }
}

function checkFiles(files: unknown): [path: string, text: string][] {
  if (typeof files !== "object" || files === null) {
    throw new TwinwallError("E_TYPE", `files: ${show(files)} is no object of paths and texts`);
  }
  return Object.entries(files).map(([path, text]: [string, unknown]) => {
    if (typeof text === "string") return [path, text];
    throw new TwinwallError("E_TYPE", `files[${showName(path)}]: ${show(text)} is no text`);
  });
}

function checkWorld(world: unknown): string | undefined {
  if (world === undefined || typeof world === "string") return world;
  throw new TwinwallError("E_OPTION", `world: ${show(world)} is no name of a world`);
}

function isUtf16(encoding: unknown): boolean {
  if (encoding === "utf8" || encoding === "utf16") return encoding === "utf16";
  throw new TwinwallError(
    "E_OPTION",
    `stringEncoding: ${show(encoding)} is unknown; there are "utf8" and "utf16"`,
  );
}
