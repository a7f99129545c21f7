import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // The first sandbox of a module compiles it, and an Envoy needs seconds to start, on whatever machine this is.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
