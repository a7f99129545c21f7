import { defineConfig } from "vitest/config";

export default defineConfig({
  // Each page compiles the compiler anew, more slowly beside other builds.
  test: { testTimeout: 60_000, hookTimeout: 120_000 },
});
