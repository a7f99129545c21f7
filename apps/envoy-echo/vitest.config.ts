import { defineConfig } from "vitest/config";

// Tests start real processes, and other packages may be building meanwhile.
export default defineConfig({ test: { testTimeout: 120_000 } });
