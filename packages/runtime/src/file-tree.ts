import { type BootFile, show, TwinwallError } from "@twinwall/abi";
import { platform } from "#runtime/platform";

/** Files of a sandbox, packed as one read-only attachment. */
export interface FileTree {
  readonly files: readonly BootFile[];
  readonly bytes: Uint8Array;
  /** Names the contents: equal keys are equal trees. Empty when there are no files. */
  readonly key: string;
}

const emptyTree: FileTree = Object.freeze({ files: [], bytes: new Uint8Array(0), key: "" });

/**
 * Packs files by absolute path.
 *
 * @throws TwinwallError `E_OPTION` for a bad path or content, naming it.
 */
export function packFiles(files: Readonly<Record<string, Uint8Array | string>> = {}): FileTree {
  const paths = Object.keys(files).sort();
  if (paths.length === 0) return emptyTree;
  const contents = paths.map((path) => contentOf(checkPath(path), files[path]));
  checkTree(paths);
  const packed = new Uint8Array(contents.reduce((sum, content) => sum + content.length, 0));
  let offset = 0;
  const entries = contents.map((content, index): BootFile => {
    packed.set(content, offset);
    offset += content.length;
    return { path: paths[index] ?? "", offset: offset - content.length, length: content.length };
  });
  const key = platform.sha256(JSON.stringify(entries), packed);
  return { files: entries, bytes: packed, key };
}

function contentOf(path: string, content: unknown): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  if (content instanceof Uint8Array) return content;
  throw new TwinwallError(
    "E_OPTION",
    `files: ${show(path)} has ${show(content)} as its content, not bytes or text`,
  );
}

function checkPath(path: string): string {
  const parts = path.split("/").slice(1);
  const good = path.startsWith("/") && parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (good && !path.includes("\0") && path.length <= 4096) return path;
  throw new TwinwallError(
    "E_OPTION",
    `files: ${show(path)} is no path; it must begin with "/" and have no empty, "." or ".." part`,
  );
}

/** A path cannot be both a file and a directory. */
function checkTree(paths: readonly string[]): void {
  const files = new Set(paths);
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const directory = path.slice(0, end);
      if (files.has(directory)) {
        throw new TwinwallError(
          "E_OPTION",
          `files: ${show(directory)} is a file, but ${show(path)} lies in it`,
        );
      }
    }
  }
}
