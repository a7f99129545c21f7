// Inputs to begin with: each function is called once as it should be, or as it is refused.
import { wasiFunctions } from "./functions.js";
import { type Call, dataAddress, formatScript, MOST_CALLS } from "./script.js";

/** An argument: a number, or where a piece of the data lies. */
type Argument = number | bigint | { readonly offset: number };

type Row = readonly [name: string, ...given: Argument[]];

/** Data behind the calls. */
class Data {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** Adds a piece, at a multiple of eight; where it lies. */
  put(bytes: Uint8Array): { offset: number } {
    const offset = this.#length;
    const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    this.#pieces.push(padded);
    this.#length += padded.length;
    return { offset };
  }

  text(text: string): { offset: number } {
    return this.put(new TextEncoder().encode(text));
  }

  words(...values: number[]): { offset: number } {
    return this.put(new Uint8Array(Uint32Array.from(values).buffer));
  }

  /** Room for what a call writes. */
  room(bytes: number): { offset: number } {
    return this.put(new Uint8Array(bytes));
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }
}

function script(write: (data: Data) => readonly Row[]): Uint8Array {
  const data = new Data();
  const rows = write(data);
  if (rows.length > MOST_CALLS) throw new Error("too many calls");
  const start = dataAddress(rows.length);
  const calls = rows.map(([name, ...given]): Call => {
    const values = given.map((value) =>
      BigInt.asUintN(64, typeof value === "object" ? BigInt(start + value.offset) : BigInt(value)),
    );
    return {
      function: wasiFunctions.findIndex((one) => one.name === name),
      arguments: Array.from({ length: 9 }, (_, index) => values[index] ?? 0n),
    };
  });
  return formatScript({ calls, data: data.bytes() });
}

/** Where vectors point: beyond everything that an input holds. */
const FAR = 40_000;

/** Rights of a file that is read: read, seek, tell, stat, poll. */
const READ = 0x820_0026n;

const DIRECTORY = 2;

/** A subscription to a clock, or to a descriptor. */
function subscription(kind: number, subject: number, timeout: number): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 77, true);
  bytes[8] = kind;
  view.setUint32(16, subject, true);
  view.setBigUint64(24, BigInt(timeout), true);
  return bytes;
}

const files = script((data) => {
  const [opened, read, place, name] = [data.room(8), data.room(8), data.room(64), data.text("a/words")];
  const vectors = data.words(FAR, 10, FAR + 100, 0, FAR + 200, 30);
  return [
    ["path_open", 3, 1, name, 7, 0, READ, 0, 0, opened],
    ["fd_read", 4, vectors, 3, read],
    ["fd_seek", 4, 5, 1, place],
    ["fd_tell", 4, place],
    ["fd_pread", 4, vectors, 3, 12, read],
    ["fd_fdstat_get", 4, place],
    ["fd_filestat_get", 4, place],
    ["path_filestat_get", 3, 0, name, 7, place],
    ["fd_readdir", 3, FAR, 500, 0, read],
    ["random_get", FAR, 32],
    ["args_get", FAR, FAR + 100],
    ["fd_close", 4],
  ];
});

const directories = script((data) => {
  const [opened, used, stat, name] = [data.room(8), data.room(8), data.room(64), data.text("a/b")];
  return [
    ["fd_prestat_get", 3, stat],
    ["fd_prestat_dir_name", 3, stat, 1],
    ["path_open", 3, 1, name, 3, DIRECTORY, -1, -1, 0, opened],
    ["fd_readdir", 4, FAR, 200, 0, used],
    ["fd_readdir", 4, FAR, 30, 2, used],
    ["fd_fdstat_get", 4, stat],
    ["path_open", 4, 0, data.text("deep"), 4, 0, READ, 0, 4, opened],
    ["fd_advise", 5, 0, 100, 1],
    ["fd_fdstat_set_rights", 5, 2, 0],
    ["fd_fdstat_set_flags", 4, 1],
    ["fd_renumber", 5, 4],
    ["fd_sync", 4],
  ];
});

const strings = script((data) => {
  const sizes = data.room(16);
  return [
    ["args_sizes_get", sizes, { offset: sizes.offset + 4 }],
    ["args_get", FAR, FAR + 64],
    ["environ_sizes_get", sizes, { offset: sizes.offset + 4 }],
    ["environ_get", FAR, FAR + 64],
    // To the last byte of memory, and one beyond it.
    ["args_get", 65_536 - 16, FAR],
    ["args_get", 65_536 - 15, FAR],
  ];
});

const clocks = script((data) => {
  const [time, count, events] = [data.room(8), data.room(8), data.room(128)];
  const waits = data.put(
    Buffer.concat([
      subscription(0, 1, 1000),
      subscription(0, 0, 500),
      subscription(1, 0, 0),
      subscription(2, 1, 0),
    ]),
  );
  return [
    ["clock_res_get", 1, time],
    ["clock_time_get", 0, 1, time],
    ["clock_time_get", 1, 1, time],
    ["clock_time_get", 2, 0, time],
    ["poll_oneoff", waits, events, 1, count],
    ["poll_oneoff", waits, events, 4, count],
    ["random_get", FAR, 100],
    ["sched_yield"],
    ["proc_raise", 6],
  ];
});

const output = script((data) => {
  const [written, text] = [data.room(8), data.text("hello, host\n")];
  const start = dataAddress(7) + text.offset;
  const vectors = data.words(start, 5, start + 5, 7, start, 0);
  return [
    ["fd_write", 1, vectors, 3, written],
    ["fd_write", 2, vectors, 1, written],
    ["fd_write", 0, vectors, 1, written],
    ["fd_pwrite", 1, vectors, 1, 0, written],
    ["fd_fdstat_get", 1, FAR],
    ["fd_read", 0, data.words(FAR, 50, FAR + 50, 2000), 2, written],
    ["proc_exit", 7],
  ];
});

const changes = script((data) => {
  const [old, fresh] = [data.text("a/words"), data.text("a/new")];
  return [
    ["path_create_directory", 3, fresh, 5],
    ["path_filestat_set_times", 3, 1, old, 7, 0, 0, 5],
    ["path_link", 3, 0, old, 7, 3, fresh, 5],
    ["path_readlink", 3, old, 7, FAR, 100, FAR + 100],
    ["path_remove_directory", 3, data.text("a/b"), 3],
    ["path_rename", 3, old, 7, 3, fresh, 5],
    ["path_symlink", old, 7, 3, fresh, 5],
    ["path_unlink_file", 3, old, 7],
    ["path_unlink_file", 3, data.text("../../etc/passwd"), 16],
    ["path_open", 3, 1, fresh, 5, 9, -1, -1, 0, FAR],
    ["path_open", 3, 1, old, 7, 0, READ, 0, 0, FAR],
    ["fd_write", 4, data.words(FAR, 8), 1, FAR + 8],
  ];
});

const descriptors = script((data) => [
  ["path_open", 3, 1, data.text("a/words"), 7, 0, 0x1fff_ffffn, 0, 0, FAR],
  ["path_open", 3, 1, data.text("a/empty"), 7, 0, 0x3ffn & ~0x40n, 0, 0, FAR],
  ["fd_allocate", 4, 0, 100],
  ["fd_datasync", 4],
  ["fd_filestat_set_size", 4, 1],
  ["fd_filestat_set_times", 4, 1, 1, 5],
  ["sock_accept", 4, 0, FAR],
  ["sock_recv", 0, FAR, 1, 0, FAR + 8, FAR + 16],
  ["sock_send", 1, FAR, 1, 0, FAR + 8],
  ["sock_shutdown", 3, 1],
  ["fd_close", 4],
  ["fd_close", 4],
]);

/** The inputs, by name. */
export function wasiCorpus(): Record<string, Uint8Array> {
  return { files, directories, strings, clocks, output, changes, descriptors };
}
