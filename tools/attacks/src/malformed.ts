// Modules made byte by byte: what no assembler writes.

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const type = [1, 4, 1, 0x60, 0, 0];
const functions = (count: readonly number[]): number[] => [3, 1 + count.length, ...count, 0];

/** An unsigned number, 7 bits a byte. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

function section(id: number, contents: readonly number[]): number[] {
  return [id, ...leb(contents.length), ...contents];
}

/** A module of one function with this body (locals and code). */
function withBody(
  body: readonly number[],
  before: readonly number[] = [],
  between: readonly number[] = [],
): number[] {
  const code = section(10, [1, ...leb(body.length), ...body]);
  return [...header, ...type, ...functions([1]), ...before, ...between, ...code];
}

const u32 = 2 ** 32 - 1;
const empty = [0, 0x0b];

/** A module that should break whoever loads it; whether it may run all the same. */
export interface MalformedModule {
  readonly name: string;
  readonly module: Uint8Array;
  /** Legal in itself, and only hard to bear. */
  readonly mayRun: boolean;
}

/** Counts, lengths and shapes that lie; and what is legal and too much. */
export function malformedModules(): MalformedModule[] {
  const memory = section(5, [1, 0, 1]);
  const refused: [string, number[]][] = [
    ["2^32 - 1 types", [...header, ...section(1, [...leb(u32), 0x60, 0, 0])]],
    ["2^32 - 1 functions", [...header, ...type, ...section(3, [...leb(u32), 0])]],
    ["2^32 - 1 imports", [...header, ...section(2, leb(u32))]],
    ["2^32 - 1 exports", [...header, ...section(7, leb(u32))]],
    ["2^32 - 1 segments", [...header, ...memory, ...section(11, leb(u32))]],
    ["a section longer than the file", [...header, 1, ...leb(u32), 0]],
    ["a count of six bytes", [...header, 1, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0]],
    ["a count with bits past the 32nd", [...header, 1, 6, 0xff, 0xff, 0xff, 0xff, 0x7f, 0]],
    ["sections in a wrong order", [...header, ...section(10, [0]), ...type]],
    ["a section twice", [...header, ...type, ...type]],
    ["an unknown section", [...header, ...section(0x3f, [1, 2, 3])]],
    ["10^6 locals", withBody([1, ...leb(1_000_000), 0x7e, 0x0b])],
    ["2^32 - 1 locals", withBody([1, ...leb(u32), 0x7e, 0x0b])],
    ["locals that add up past 2^32", withBody([2, ...leb(u32), 0x7f, ...leb(u32), 0x7e, 0x0b])],
    ["a name of 2^32 - 1 bytes", [...header, ...section(7, [1, ...leb(u32), 0x61])]],
    ["a name that is no UTF-8", [...header, ...section(7, [1, 2, 0xff, 0xfe, 0, 0])]],
    ["a start function that is not there", withBody(empty, section(8, [9]))],
    [
      "a data segment outside of memory",
      withBody(empty, memory, []).concat(section(11, [1, 0, 0x41, 0x7f, 0x0b, 1, 0x61])),
    ],
    ["a body that ends early", withBody([0])],
    ["a branch table of 2^32 - 1 targets", withBody([0, 0x41, 0, 0x0e, ...leb(u32), 0, 0x0b])],
    ["a start function without end", withBody([0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b], section(8, [0]))],
    ["memory of 2^16 pages", withBody(empty, section(5, [1, 0, ...leb(65_536)]))],
    ["a table of 2^32 - 1 entries", withBody(empty, section(4, [1, 0x70, 0, ...leb(u32)]))],
  ];
  const borne: [string, number[]][] = [
    ["50,000 locals", withBody([1, ...leb(50_000), 0x7e, 0x0b])],
    ["data segments over each other", withBody(empty, memory).concat(overlapping(1000))],
    ["5,000 nested blocks", withBody([0, ...repeated([0x02, 0x40], 5000), ...repeated([0x0b], 5001)])],
    [
      "50,000 functions",
      [...header, ...type, ...section(3, [...leb(50_000), ...repeated([0], 50_000)])].concat(
        section(10, [...leb(50_000), ...repeated([2, 0, 0x0b], 50_000)]),
      ),
    ],
  ];
  const toModule =
    (mayRun: boolean) =>
    ([name, bytes]: [string, number[]]): MalformedModule => ({
      name,
      module: Uint8Array.from(bytes),
      mayRun,
    });
  return [...refused.map(toModule(false)), ...borne.map(toModule(true))];
}

/** Segments that all write to the same places. */
function overlapping(count: number): number[] {
  const segment = [0, 0x41, 0, 0x0b, 8, ...repeated([0xaa], 8)];
  return section(11, [...leb(count), ...repeated(segment, count)]);
}

function repeated(bytes: readonly number[], count: number): number[] {
  return Array.from({ length: count }, () => bytes).flat();
}
