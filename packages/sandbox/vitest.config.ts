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

/** What must be the same behind the process wall. Its own tests are `isolation*`, on `kvm`. */
const behindTheWall = [
  ...["async", "calls", "codecs", "host-functions", "limits", "pool", "pool-queue", "pool-typed", "run"],
  ...["sessions", "snapshot-files", "snapshot-worker", "snapshots", "typed"],
];

/** Every test runs on each machine; one that is missing skips its tests. */
const machines = (["kvm", "soft"] as const).map((machine) => ({
  resolve,
  test: { ...shared, name: machine, env: { TWINWALL_MACHINE: machine } },
}));

export default defineConfig({
  test: {
    ...shared,
    projects: [
      ...machines,
      {
        resolve,
        test: {
          ...shared,
          name: "kvm-process",
          env: { TWINWALL_MACHINE: "kvm", TWINWALL_ISOLATION: "process" },
          include: behindTheWall.map((name) => `test/${name}.test.ts`),
        },
      },
    ],
  },
});
