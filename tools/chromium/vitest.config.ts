import { defineConfig } from "vitest/config";

export default defineConfig({
  // A browser starts slowly beside other builds.
  test: { testTimeout: 30_000, hookTimeout: 60_000 },
});
