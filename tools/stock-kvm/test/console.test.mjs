import { expect, test } from "vitest";
import { ConsoleReader, marker } from "../src/console.mjs";

/** @param {string[]} pieces */
function read(pieces) {
  /** @type {string[]} */
  const seen = [];
  const reader = new ConsoleReader({
    ready: (release) => seen.push(`ready ${release}`),
    start: (index) => seen.push(`start ${index}`),
    line: (line) => seen.push(line),
  });
  for (const piece of pieces) reader.push(piece);
  reader.close();
  return { seen, outcome: reader.outcome };
}

test("marks and output are told apart, however the text is cut", () => {
  const text = `boot\r\n${marker} ready 6.1\r\n${marker} start 0\r\nhello\r\n${marker} end 0 3\r\n${marker} finished\r\nreboot\r\n`;
  for (const size of [1, 7, text.length]) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.slice(index * size, (index + 1) * size),
    );
    const { seen, outcome } = read(pieces);
    expect(seen).toEqual(["ready 6.1", "start 0", "hello"]);
    expect(outcome.statuses.get(0)).toBe(3);
    expect(outcome.finished).toBe(true);
    expect(outcome.boot).toEqual(["boot", "reboot"]);
  }
});

test("a machine that dies in the middle has not finished, and its last words are kept", () => {
  const { seen, outcome } = read([`${marker} ready 6.1\n${marker} start 0\ntest a ... `]);
  expect(seen.at(-1)).toBe("test a ... ");
  expect(outcome.finished).toBe(false);
  expect(outcome.statuses.size).toBe(0);
});

test("a kernel without /dev/kvm is noticed", () => {
  expect(read([`${marker} no-kvm\n`]).outcome.withoutKvm).toBe(true);
});
