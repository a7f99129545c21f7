import { defineConfig } from "vitest/config";

// Tests run compilers, and other packages may be building meanwhile.
export default defineConfig({ test: { testTimeout: 120_000 } });
