import { defineConfig } from "vitest/config";

// Tests start real processes, and other packages may be building meanwhile.
const shared = { testTimeout: 60_000, hookTimeout: 60_000 };

// What runs modules does so on each machine.
const machines = ["test/run.test.ts", "test/binding.test.ts"];

export default defineConfig({
  test: {
    ...shared,
    projects: [
      { test: { ...shared, name: "kvm", env: { TWINWALL_MACHINE: "kvm" }, include: machines } },
      { test: { ...shared, name: "soft", env: { TWINWALL_MACHINE: "soft" }, include: machines } },
      { test: { ...shared, name: "all", include: ["test/*.test.ts"], exclude: machines } },
    ],
  },
});
