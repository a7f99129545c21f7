import { parseArgs } from "node:util";
import { isPathName, PATH_NAMES, type PathName } from "./paths.js";

/** What the command line asked for. */
export interface EnvoyEchoOptions {
  /** Fewer rounds and sizes: for a look, not for a record. */
  readonly quick: boolean;
  /** Where to write everything as JSON. */
  readonly json: string | undefined;
  /** Where to write all figures as Markdown tables. */
  readonly markdown: string | undefined;
  /** Where to draw them. */
  readonly svg: string | undefined;
  /** What to measure. */
  readonly paths: readonly PathName[];
}

/** Shown for `--help`. */
export const USAGE = `usage: twinwall bench envoy-echo [--quick] [--json FILE] [--markdown FILE] [--svg FILE] [--paths NAME,NAME]

Sends 128 B to 4 KiB through one Envoy in many ways, in turn, and compares every byte.
  --quick          fewer rounds and sizes: for a look, not for a record
  --json FILE      all figures as JSON
  --markdown FILE  all figures as tables
  --svg FILE       a plot
  --paths NAMES    only these ways: ${PATH_NAMES.join(", ")}
`;

/** Reads the command line; `"help"` when that is asked for. Throws `TypeError` for anything that it does not know. */
export function parseEnvoyEchoOptions(words: readonly string[]): EnvoyEchoOptions | "help" {
  const { values } = parseArgs({
    // A package manager hands the dashes on.
    args: words.filter((word) => word !== "--"),
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      markdown: { type: "string" },
      svg: { type: "string" },
      paths: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { quick, json, markdown, svg } = values;
  return { quick, json, markdown, svg, paths: parsePaths(values.paths) };
}

function parsePaths(text: string | undefined): readonly PathName[] {
  if (text === undefined) return PATH_NAMES;
  const names = [...new Set(text.split(","))];
  return names.map((name) => {
    if (isPathName(name)) return name;
    throw new TypeError(`--paths: there is no "${name}"; there are ${PATH_NAMES.join(", ")}`);
  });
}
