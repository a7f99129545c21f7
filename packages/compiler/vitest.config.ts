import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // As the manifest's `imports` say, but in the sources.
    alias: { "#platform": fileURLToPath(new URL("./src/node/platform.ts", import.meta.url)) },
  },
  test: {
    // A fresh Worker compiles its first module slowly, more so beside other builds.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
