import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const shared = {
  // The first sandbox of a module compiles it, on whatever machine this is.
  testTimeout: 60_000,
  hookTimeout: 120_000,
  // Machines are tested for what they do, not for what they do to each other.
  fileParallelism: false,
};

// As the manifest's `imports` say, but in the sources.
const resolve = {
  alias: { "#sandbox/platform": fileURLToPath(new URL("./src/node/platform.ts", import.meta.url)) },
};

export default defineConfig({
  test: {
    ...shared,
    // Every test runs on each machine; one that is missing skips its tests.
    projects: (["kvm", "soft"] as const).map((machine) => ({
      resolve,
      test: { ...shared, name: machine, env: { TWINWALL_MACHINE: machine } },
    })),
  },
});
