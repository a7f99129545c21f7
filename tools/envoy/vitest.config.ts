import { defineConfig } from "vitest/config";

export default defineConfig({
  // An Envoy starts slowly beside other builds.
  test: { testTimeout: 30_000, hookTimeout: 60_000 },
});
