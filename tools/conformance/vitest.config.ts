import { defineConfig } from "vitest/config";

// The first run of a program compiles some megabytes of it; later ones find it in the cache.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
