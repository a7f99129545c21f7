import { show, TwinwallError } from "@twinwall/abi";
import description from "../../artifacts/compiler.json" with { type: "json" };
import { readCacheSize } from "../options.js";
import type { Platform } from "../platform.js";
import { BrowserCache } from "./cache.js";
import { sha256, sha256Sync } from "./sha256.js";
import { startWorker } from "./start-worker.js";

/** A page or a Worker in a browser: files come by URL, and the cache is a database of the page's origin. */
export const platform: Platform = {
  machines: ["soft"],

  // A part of the built file: nothing can be read at once here.
  readDescription: () => description,

  later(milliseconds, due) {
    const timer = setTimeout(due, milliseconds);
    return () => clearTimeout(timer);
  },

  sha256,

  sha256Sync,

  readFile: (address) => fetch(address),

  openCache(options) {
    const { cacheDirectory } = options;
    if (cacheDirectory === false) return undefined;
    if (cacheDirectory !== undefined) {
      throw nodeOnly("cacheDirectory", cacheDirectory, "false turns the cache off");
    }
    return new BrowserCache(readCacheSize(options));
  },

  findNativeBackend({ nativeProgram = "auto" }) {
    if (nativeProgram === "auto" || nativeProgram === false) return undefined;
    throw nodeOnly("nativeProgram", nativeProgram, 'leave it out, or give "auto" or false');
  },

  startWorker,
};

function nodeOnly(option: string, value: unknown, remedy: string): TwinwallError {
  return new TwinwallError("E_OPTION", `${option}: ${show(value)} means nothing in a browser; ${remedy}`);
}
