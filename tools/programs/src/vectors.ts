import { readFileSync } from "node:fs";
import { packageFile } from "./paths.js";

/** One run of a program with everything that goes in and what has to come out. */
export interface ProgramVector {
  readonly program: string;
  readonly name: string;
  /** Arguments, the program's own name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  /** Absolute path in the guest to content. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly exitCode: number;
  readonly stdout: ExpectedOutput;
  /** The command, specification or standard that the expected output comes from. */
  readonly reference: string;
}

/** The output itself, or size and hash where it is large. */
export type ExpectedOutput = string | { readonly sha256: string; readonly bytes: number };

/** Text as it stands, or a file of `vectors/data`, repeated. */
type Content = string | { readonly data: string; readonly times?: number };

interface Case {
  readonly name: string;
  readonly args: string[];
  readonly env?: Record<string, string>;
  readonly stdin?: Content;
  readonly files?: Record<string, Content>;
  readonly exitCode: number;
  readonly stdout: ExpectedOutput;
  readonly reference: string;
}

/** The vectors of a program. */
export function programVectors(program: string): ProgramVector[] {
  const cases = JSON.parse(readFileSync(packageFile(`vectors/${program}.json`), "utf8")) as Case[];
  return cases.map(({ name, args, env = {}, stdin = "", files = {}, exitCode, stdout, reference }) => ({
    program,
    name,
    args,
    env,
    stdin: bytesOf(stdin),
    files: Object.fromEntries(Object.entries(files).map(([path, content]) => [`/${path}`, bytesOf(content)])),
    exitCode,
    stdout,
    reference,
  }));
}

function bytesOf(content: Content): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  const once = readFileSync(packageFile(`vectors/data/${content.data}`));
  return new Uint8Array(Buffer.concat(Array<Buffer>(content.times ?? 1).fill(once)));
}
