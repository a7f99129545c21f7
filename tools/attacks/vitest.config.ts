import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Attacks run into deadlines on purpose, and the first sandbox of a module compiles it.
    testTimeout: 120_000,
    // An attack looks at the descriptors and the memory of its whole process.
    fileParallelism: false,
  },
});
