import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // A fresh Worker compiles its first module slowly, more so beside other builds.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
