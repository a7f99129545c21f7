import { lstat, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { TwinwallError } from "@twinwall/abi";

/** Permission bits of group and others. */
const OTHERS = 0o077;

/**
 * Where the cache is: the option, else `TWINWALL_CACHE_DIR`, else the user's cache folder. `undefined` is no cache.
 */
export function cacheDirectory(
  option: string | false | undefined,
  environment = process.env,
): string | undefined {
  if (option === false) return undefined;
  const named = option ?? environment["TWINWALL_CACHE_DIR"];
  if (named !== undefined && named !== "") return resolve(named);
  const user = environment["XDG_CACHE_HOME"];
  // The XDG rules say that a relative path is to be ignored.
  return join(user !== undefined && isAbsolute(user) ? user : join(homedir(), ".cache"), "twinwall");
}

/**
 * Makes the folder if there is none, and sees that nobody else can write or read it: what lies there is run as code.
 *
 * @throws TwinwallError `E_OPTION` when it belongs to someone else, is open to others, or cannot be made.
 */
export async function openCacheDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path);
  } catch (cause) {
    throw unusable(path, "it cannot be made", cause);
  }
  // Not `stat`: a link would lead to a folder whose own parents nobody checked.
  const status = await lstat(path);
  if (!status.isDirectory()) throw unusable(path, "it is not a folder");
  const user = process.getuid?.();
  if (user === undefined) return;
  if (status.uid !== user) throw unusable(path, `it belongs to user ${status.uid}, not to user ${user}`);
  if ((status.mode & OTHERS) !== 0) {
    const mode = (status.mode & 0o777).toString(8);
    throw unusable(path, `others may use it (mode ${mode}); type: chmod 700 '${path}'`);
  }
}

/** Like `mkdir -p`; Node's own recursion never ends where a file system refuses new folders with ENOENT, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  if ((await tryMkdir(path)) !== "ENOENT" || dirname(path) === path) return;
  await makeDirectory(dirname(path));
  const refused = await tryMkdir(path);
  if (refused !== undefined) throw new Error(`${path}: ${refused}`);
}

/** Makes one folder, unless something is there already; returns ENOENT where its parent is missing. */
async function tryMkdir(path: string): Promise<"ENOENT" | undefined> {
  try {
    await mkdir(path, { mode: 0o700 });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") return undefined;
    if (code === "ENOENT") return code;
    throw error;
  }
}

function unusable(path: string, reason: string, cause?: unknown): TwinwallError {
  return new TwinwallError("E_OPTION", `the cache folder ${path} cannot be used: ${reason}`, { cause });
}
