import { parseArgs } from "node:util";

/** What the command line asked for. */
export interface BenchOptions {
  /** Fewer rounds: for a look, not for a record. */
  readonly quick: boolean;
  /** Where to write everything as JSON. */
  readonly json: string | undefined;
  /** Whether to rewrite the table in the README. */
  readonly markdown: boolean;
}

/** Reads `--quick`, `--markdown` and `--json FILE`; throws `TypeError` for anything else. */
export function parseOptions(words: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    // `pnpm bench -- --quick` hands the dashes on.
    args: words.filter((word) => word !== "--"),
    options: {
      quick: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  return { quick: values.quick, markdown: values.markdown, json: values.json };
}
