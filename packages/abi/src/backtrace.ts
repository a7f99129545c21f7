import { showText } from "./text.js";

/** One function on the WebAssembly stack. */
export interface WasmFrame {
  /** Index of the function in its module. */
  readonly index: number;
  /** Name from the module's name section, where there is one. */
  readonly name: string | undefined;
  /** Offset in the module's bytes, where it is known. */
  readonly offset: number | undefined;
}

/** Most frames that are kept. */
export const MAX_FRAMES = 64;

/** Longest backtrace text that is looked at, characters. */
const MAX_TEXT = 64 * 1024;

/**
 * Reads a backtrace as it crosses the wall: a frame a line, `INDEX⇥NAME⇥0xOFFSET`, innermost first.
 * The text comes from the guest: lines of another shape are skipped, names escaped, everything bounded.
 */
export function parseBacktrace(text: string): WasmFrame[] {
  const frames: WasmFrame[] = [];
  for (const line of text.slice(0, MAX_TEXT).split("\n")) {
    if (frames.length === MAX_FRAMES) break;
    const match = /^(\d{1,10})\t([^\t]*)\t(?:0x([0-9a-f]{1,12}))?$/i.exec(line);
    if (match === null) continue;
    const [, index, name, offset] = match;
    frames.push({
      index: Number(index),
      name: name ? showText(name, 200) : undefined,
      offset: offset === undefined ? undefined : Number.parseInt(offset, 16),
    });
  }
  return frames;
}

/** Writes frames for people: `0: name (function 3, offset 0x4f)`, a line each. */
export function formatBacktrace(frames: readonly WasmFrame[]): string {
  return frames.map(formatFrame).join("\n");
}

function formatFrame(frame: WasmFrame, position: number): string {
  const at = frame.offset === undefined ? "" : `, offset 0x${frame.offset.toString(16)}`;
  return `${position}: ${frame.name ?? "<unnamed>"} (function ${frame.index}${at})`;
}
