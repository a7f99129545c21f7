import { defineConfig } from "vitest/config";

// The first run compiles everything; later ones find it in the cache. A file per machine: two processes, no more.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 2 },
});
