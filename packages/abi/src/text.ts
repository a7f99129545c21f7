/** Longest piece of guest text that is shown in a message, characters. */
const SHOWN_LIMIT = 4096;

/**
 * Makes text that came from a guest or a file fit to show: control characters, line ends, bidirectional marks and
 * lone surrogates are escaped as `\n`, `\x1b` or `\u{202e}`; what is longer than `limit` is cut and the cut is told.
 *
 * @param limit Characters that are kept at most. Default 4096.
 */
export function showText(text: string, limit: number = SHOWN_LIMIT): string {
  const cut = text.length > limit ? cutAt(text, limit) : text;
  const shown = cut.replace(UNSAFE, escapeCharacter);
  return cut.length < text.length ? `${shown}… (${text.length - cut.length} more characters)` : shown;
}

/** Shows a name in quotes; names are bounded more tightly than messages. */
export function showName(name: string): string {
  return `"${showText(name, 200).replaceAll('"', '\\"')}"`;
}

/** Decodes bytes from a guest as UTF-8 (bad sequences become U+FFFD) and makes them fit to show. */
export function showBytes(bytes: Uint8Array, limit: number = SHOWN_LIMIT): string {
  return showText(new TextDecoder().decode(bytes.subarray(0, limit * 4)), limit);
}

// Control, format (bidirectional marks, zero-width), line and paragraph separators, surrogates, private use, unassigned.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" };

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const point = character.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, "0")}` : `\\u{${point.toString(16)}}`;
}

/** Cuts without splitting a surrogate pair. */
function cutAt(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}
