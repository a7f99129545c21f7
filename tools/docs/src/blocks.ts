/** A fenced block of a Markdown document. */
export interface Block {
  /** The words after the fence, such as `["ts"]` or `["wat", "counter.wat"]`. */
  readonly info: readonly string[];
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a document, in order. */
export function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string[]; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (open) {
      blocks.push({ info: open.info, line: open.line, text: open.lines.join("\n") });
      open = undefined;
    } else open = { info: (fence[1] ?? "").trim().split(/\s+/), line: index + 1, lines: [] };
  }
  return blocks;
}

/** Whether a block is a whole program that uses Twinwall. */
export function isProgram({ info, text }: Block): boolean {
  return info[0] === "ts" && !info.includes("fragment") && /from "@twinwall\//.test(text);
}

/** What a program has to print, by its `// =>` comments. */
export function expectedOutput(program: string): string[] {
  return [...program.matchAll(/\/\/ => (.*)$/gm)].map((match) => (match[1] ?? "").trim());
}

/** Name without its end and text of each module that a document brings along. */
export function modules(blocks: readonly Block[]): Map<string, string> {
  const found = blocks.flatMap(({ info, text }): Array<[string, string]> => {
    const name = info[0] === "wat" ? /^([a-z0-9-]+)\.wat$/.exec(info[1] ?? "")?.[1] : undefined;
    return name ? [[name, text]] : [];
  });
  return new Map(found);
}
