import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // As the manifest's `imports` say, but in the sources.
    alias: {
      "#runtime/platform": fileURLToPath(new URL("./src/node/platform.ts", import.meta.url)),
      "#runtime/images": fileURLToPath(new URL("./src/node/images.ts", import.meta.url)),
    },
  },
  test: { testTimeout: 60_000 },
});
