import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // The first sandbox of a module compiles it, on whatever machine this is.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Machines are tested for what they do, not for what they do to each other.
    fileParallelism: false,
  },
});
