import type { Readable } from "node:stream";
import { waitFor } from "./wait.js";

/** Lines kept; the oldest go first. */
const MOST_LINES = 20_000;

/** What a process wrote, line by line. */
export class LogLines {
  /** Oldest first. */
  readonly lines: string[] = [];
  #rest = "";

  constructor(...streams: readonly Readable[]) {
    for (const stream of streams) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => this.#add(text));
    }
  }

  /** The lines that match. */
  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  /** The first line that matches, which may have been written before; an error after `timeoutMs`. */
  waitFor(pattern: RegExp, timeoutMs = 10_000): Promise<string> {
    return waitFor(`a line like ${pattern}`, () => this.lines.find((line) => pattern.test(line)), timeoutMs);
  }

  /** The last lines, as a message shows them. */
  tail(count = 20): string {
    return [...this.lines, this.#rest].filter(Boolean).slice(-count).join("\n");
  }

  #add(text: string): void {
    const pieces = (this.#rest + text).split("\n");
    this.#rest = pieces.pop() ?? "";
    this.lines.push(...pieces);
    if (this.lines.length > MOST_LINES) this.lines.splice(0, this.lines.length - MOST_LINES);
  }
}
