import { defineConfig } from "vitest/config";

// Tests start real processes, and other packages may be building meanwhile.
const shared = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    ...shared,
    // What runs modules does so on each machine.
    projects: [
      { test: { ...shared, name: "kvm", env: { TWINWALL_MACHINE: "kvm" }, include: ["test/run.test.ts"] } },
      { test: { ...shared, name: "soft", env: { TWINWALL_MACHINE: "soft" }, include: ["test/run.test.ts"] } },
      { test: { ...shared, name: "all", include: ["test/*.test.ts"], exclude: ["test/run.test.ts"] } },
    ],
  },
});
