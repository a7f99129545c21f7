import { defineConfig } from "vitest/config";

// The first run compiles whole interpreters; later ones find them in the cache.
export default defineConfig({ test: { testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } });
