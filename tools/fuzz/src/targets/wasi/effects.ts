// What a call may do: where it may write, what of it is output, and which calls can never succeed.
import { functionAt } from "./functions.js";
import { type Call, MEMORY_BYTES } from "./script.js";

/** A piece of memory. */
export type Region = readonly [address: number, length: number];

const VECTOR_BYTES = 8;

/** Most vectors that one call looks at. */
const MOST_VECTORS = 1024;

type Regions = (a: (index: number) => number, memory: Uint8Array) => Region[];

/** Pieces of fixed lengths, each at the pointer that is argument so and so. */
const at =
  (...pieces: readonly (readonly [argument: number, length: number])[]): Regions =>
  (a) =>
    pieces.map(([argument, length]) => [a(argument), length]);

/** Arrays of strings: what they need depends on the run, and is not more than this. */
const strings: Regions = (a) => [
  [a(0), 64],
  [a(1), 256],
];

/** Where functions write. Of those that are not here: nowhere. */
const writes: Readonly<Record<string, Regions>> = {
  args_get: strings,
  environ_get: strings,
  args_sizes_get: at([0, 4], [1, 4]),
  environ_sizes_get: at([0, 4], [1, 4]),
  clock_res_get: at([1, 8]),
  clock_time_get: at([2, 8]),
  fd_fdstat_get: at([1, 24]),
  fd_filestat_get: at([1, 64]),
  fd_pread: (a, memory) => [...buffers(memory, a(1), a(2)), [a(4), 4]],
  fd_prestat_dir_name: (a) => [[a(1), a(2)]],
  fd_prestat_get: at([1, 8]),
  fd_read: (a, memory) => [...buffers(memory, a(1), a(2)), [a(3), 4]],
  fd_readdir: (a) => [
    [a(1), a(2)],
    [a(4), 4],
  ],
  fd_seek: at([3, 8]),
  fd_tell: at([1, 8]),
  fd_write: at([3, 4]),
  path_filestat_get: at([4, 64]),
  path_open: at([8, 4]),
  poll_oneoff: (a) => [
    [a(1), 32 * a(2)],
    [a(3), 4],
  ],
  random_get: (a) => [[a(0), a(1)]],
};

/** What functions read, and must be in memory when they succeed. */
const reads: Readonly<Record<string, Regions>> = {
  fd_pread: (a) => [[a(1), VECTOR_BYTES * Math.min(a(2), MOST_VECTORS)]],
  fd_read: (a) => [[a(1), VECTOR_BYTES * Math.min(a(2), MOST_VECTORS)]],
  fd_write: (a, memory) => [
    [a(1), VECTOR_BYTES * Math.min(a(2), MOST_VECTORS)],
    ...buffers(memory, a(1), a(2)),
  ],
  path_filestat_get: (a) => [[a(2), a(3)]],
  path_open: (a) => [[a(2), a(3)]],
  poll_oneoff: (a) => [[a(0), 48 * a(2)]],
};

/** What they ask for is nobody's to give: files do not change, and there are no links, sockets and signals. */
const never: ReadonlySet<string> = new Set([
  ...["fd_allocate", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pwrite", "proc_raise"],
  ...["path_create_directory", "path_filestat_set_times", "path_link", "path_readlink", "path_rename"],
  ...["path_remove_directory", "path_symlink", "path_unlink_file"],
  ...["sock_accept", "sock_recv", "sock_send", "sock_shutdown"],
]);

/** The buffers of an array of vectors, as far as it is in memory. */
function buffers(memory: Uint8Array, vectors: number, count: number): Region[] {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const whole = Math.min(
    count,
    MOST_VECTORS,
    Math.max(0, Math.floor((memory.length - vectors) / VECTOR_BYTES)),
  );
  return Array.from({ length: whole }, (_, index) => {
    const place = vectors + index * VECTOR_BYTES;
    return [view.getUint32(place, true), view.getUint32(place + 4, true)];
  });
}

const argumentOf =
  ({ arguments: given }: Call) =>
  (index: number): number =>
    Number(BigInt.asUintN(32, given[index] ?? 0n));

const isWithin = ([address, length]: Region): boolean => length === 0 || address + length <= MEMORY_BYTES;

/** The bytes that a call hands to the host, when it succeeds. */
export function outputOf(call: Call, memory: Uint8Array): Uint8Array {
  if (functionAt(call.function).name !== "fd_write") return new Uint8Array(0);
  const a = argumentOf(call);
  const pieces = buffers(memory, a(1), a(2)).filter(isWithin);
  return Buffer.concat(pieces.map(([address, length]) => memory.subarray(address, address + length)));
}

/** Whether what a call writes may change where it writes: then nobody knows beforehand. */
function turnsOnItself(call: Call, regions: readonly Region[]): boolean {
  if (!["fd_read", "fd_pread"].includes(functionAt(call.function).name)) return false;
  const a = argumentOf(call);
  const end = a(1) + VECTOR_BYTES * a(2);
  return regions.some(([address, length]) => address < end && address + length > a(1));
}

/**
 * Checks what a call did.
 *
 * @param errno What it gave back.
 * @param before Memory when it was made, in which its arguments lie too.
 * @param after Memory when it was back.
 * @throws Error When it succeeded and may not, or wrote elsewhere than its arguments say.
 */
export function checkCall(call: Call, errno: number, before: Uint8Array, after: Uint8Array): void {
  const { name } = functionAt(call.function);
  const a = argumentOf(call);
  if (errno < 0 || errno > 76) throw new Error(`${name} gave ${errno}, which is no error number`);
  const written = writes[name]?.(a, before) ?? [];
  if (errno === 0) {
    if (never.has(name)) throw new Error(`${name} succeeded`);
    const exact = name === "args_get" || name === "environ_get" ? [] : written;
    const bad = [...exact, ...(reads[name]?.(a, before) ?? [])].find((region) => !isWithin(region));
    // A name that is shorter than its buffer is all that is written.
    if (bad !== undefined && name !== "fd_prestat_dir_name")
      throw new Error(`${name} took ${bad[1]} bytes at ${bad[0]}, which are not in memory`);
  }
  if (turnsOnItself(call, written)) return;
  const place = firstChange(before, after, written);
  if (place !== undefined) throw new Error(`${name} (${errno}) wrote to ${place}, which it was not given`);
}

/** The first byte outside of the regions that changed. */
function firstChange(before: Uint8Array, after: Uint8Array, regions: readonly Region[]): number | undefined {
  const last = regions.filter(([, length]) => length > 0).sort(([one], [other]) => one - other);
  let at = 0;
  for (const [address, length] of [...last, [MEMORY_BYTES, 0] as const]) {
    const end = Math.min(address, MEMORY_BYTES);
    if (end > at && Buffer.compare(before.subarray(at, end), after.subarray(at, end)) !== 0)
      return before.findIndex((byte, index) => index >= at && byte !== after[index]);
    at = Math.max(at, end, Math.min(address + length, MEMORY_BYTES));
  }
  return undefined;
}
