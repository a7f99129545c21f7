import { defineConfig } from "vitest/config";

const shared = {
  // A busy host may be slow, and tests that wait for another thread wait for it.
  testTimeout: 60_000,
  // Machines are tested for what they do, not for what they do to each other.
  fileParallelism: false,
};

export default defineConfig({
  test: {
    ...shared,
    projects: [
      { test: { ...shared, name: "kvm" } },
      // What must be the same where machines stand in worker processes.
      {
        test: {
          ...shared,
          name: "kvm-process",
          env: { TWINWALL_ISOLATION: "process" },
          include: ["call", "end", "restore"].map((name) => `test/async-${name}.test.ts`),
        },
      },
    ],
  },
});
