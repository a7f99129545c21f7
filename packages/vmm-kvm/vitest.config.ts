import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // A busy host may be slow, and tests that wait for another thread wait for it.
    testTimeout: 60_000,
    // Machines are tested for what they do, not for what they do to each other.
    fileParallelism: false,
  },
});
