import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { machineNames, TwinwallError } from "@twinwall/abi";
import type { CompilerDescription } from "../description.js";
import { readCacheSize } from "../options.js";
import type { Platform } from "../platform.js";
import { ArtifactCache } from "./cache.js";
import { cacheDirectory } from "./cache-directory.js";
import { packageFile } from "./files.js";
import { findNativeProgram, NativeBackend } from "./native-backend.js";
import { startWorker } from "./start-worker.js";

/** Node: files, a cache folder, threads, and the native compiler where it was built. */
export const platform: Platform = {
  machines: machineNames,

  readDescription() {
    const path = packageFile("artifacts/compiler.json");
    try {
      return JSON.parse(readFileSync(path, "utf8")) as CompilerDescription;
    } catch (cause) {
      throw new TwinwallError(
        "E_INTERNAL",
        `the compiler is not built (no ${path}); run: pnpm --filter @twinwall/compiler build:rust`,
        { cause },
      );
    }
  },

  later(milliseconds, due) {
    const timer = setTimeout(due, milliseconds).unref();
    return () => clearTimeout(timer);
  },

  async sha256(bytes) {
    return platform.sha256Sync(bytes);
  },

  sha256Sync(bytes) {
    return createHash("sha256").update(bytes).digest();
  },

  async readFile(address) {
    const url = new URL(address);
    if (url.protocol !== "file:") return fetch(url);
    return new Uint8Array(await readFile(fileURLToPath(url)));
  },

  openCache(options) {
    const directory = cacheDirectory(options.cacheDirectory);
    return directory === undefined ? undefined : new ArtifactCache(directory, readCacheSize(options));
  },

  findNativeBackend(options) {
    const program = findNativeProgram(options.nativeProgram ?? "auto");
    return program === undefined ? undefined : new NativeBackend(program);
  },

  startWorker,
};
