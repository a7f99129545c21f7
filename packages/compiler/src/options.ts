import { type Duration, type OptionNames, parseDuration, parseSize, type Size } from "@twinwall/abi";

/** How a compiler works. An unknown name is `E_OPTION`. */
export interface CompilerOptions {
  /**
   * Folder of the cache; `false` turns the cache off. Default: `TWINWALL_CACHE_DIR`, else `twinwall` in
   * `XDG_CACHE_HOME` or `~/.cache`. In a browser the cache is IndexedDB, and a folder is `E_OPTION`.
   */
  readonly cacheDirectory?: string | false;
  /** Most bytes that the cache may hold; the entries used longest ago go first. Default: 512 MiB. */
  readonly cacheSize?: Size;
  /** Longest time for one compilation, waiting for others not counted. Default: 60 s. */
  readonly deadline?: Duration;
  /** Most memory that one compilation may take. Default: 1 GiB. */
  readonly memory?: Size;
  /** Largest module. Default: 64 MiB. */
  readonly moduleSize?: Size;
  /** Largest compiled module. Default: 256 MiB. */
  readonly artifactSize?: Size;
  /**
   * Path of the native compiler, which is faster and gives the same bytes. `"auto"` takes the one built into this
   * package, if any; `false` uses none. Default: `"auto"`. In a browser there is none, and a path is `E_OPTION`.
   */
  readonly nativeProgram?: string | "auto" | false;
}

/** Names of the options of a compiler. */
export const compilerOptions: OptionNames<CompilerOptions> = {
  cacheDirectory: true,
  cacheSize: true,
  deadline: true,
  memory: true,
  moduleSize: true,
  artifactSize: true,
  nativeProgram: true,
};

/** The bounds of one compilation. */
export interface Bounds {
  /** Milliseconds. */
  readonly deadline: number;
  /** Bytes the compiler may have allocated at any one time. */
  readonly memoryBytes: number;
  readonly moduleBytes: number;
  readonly artifactBytes: number;
}

const MEBIBYTE = 2 ** 20;

/** The compiler's address space: no limit can be larger. */
const LARGEST = 2 ** 32 - 1;

/**
 * Reads the bounds, with their defaults.
 *
 * @throws TwinwallError `E_OPTION` for a value that is no size or time.
 */
export function readBounds(options: CompilerOptions): Bounds {
  return {
    deadline: parseDuration(options.deadline ?? "60s", "deadline") / 1000,
    memoryBytes: size(options.memory, 1024 * MEBIBYTE, "memory"),
    moduleBytes: size(options.moduleSize, 64 * MEBIBYTE, "moduleSize"),
    artifactBytes: size(options.artifactSize, 256 * MEBIBYTE, "artifactSize"),
  };
}

/** Reads the size of the cache in bytes. */
export function readCacheSize(options: CompilerOptions): number {
  return parseSize(options.cacheSize ?? 512 * MEBIBYTE, "cacheSize");
}

function size(value: Size | undefined, fallback: number, name: string): number {
  return Math.min(parseSize(value ?? fallback, name), LARGEST);
}
