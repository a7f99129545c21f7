import { Document, Scalar, visit } from "yaml";

/** A value of a configuration. */
export type EnvoyValue =
  | string
  | number
  | boolean
  | readonly EnvoyValue[]
  | { readonly [name: string]: EnvoyValue };

/** A configuration of Envoy, or a part of one, as a plain object. */
export interface EnvoyConfig {
  readonly [name: string]: EnvoyValue;
}

/**
 * Prints a configuration as YAML. All text is quoted, as Envoy's reader takes `n` for `false`; text of several lines is
 * printed as it is.
 *
 * @param comment Lines to put in front.
 */
export function toYaml(config: EnvoyConfig, comment: readonly string[] = []): string {
  const document = new Document(config, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || typeof node.value !== "string") return;
      node.type = node.value.includes("\n") ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
    },
  });
  const lines = comment.map((line) => `# ${line}\n`).join("");
  return `${lines}${document.toString({ lineWidth: 0 })}`;
}
