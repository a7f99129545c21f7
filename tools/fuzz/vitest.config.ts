import { defineConfig } from "vitest/config";

export default defineConfig({
  // The compiler is warm only after its first module.
  test: { testTimeout: 120_000 },
});
