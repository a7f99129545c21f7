import type { Target } from "./target.js";
import { closeCompiler, modules, wit } from "./targets/compiler.js";
import { flatbuffers, flatbuffersSchema } from "./targets/flatbuffers.js";
import { artifact, backtrace, batch, connection, outbox } from "./targets/frames.js";
import { closeLoaders, snapshotKvm, snapshotSoft } from "./targets/snapshot/load.js";
import { snapshot } from "./targets/snapshot/read.js";
import { closeReporter, softImage, softReport } from "./targets/soft.js";
import { values } from "./targets/values.js";
import { closeGuests, wasi2Kvm, wasi2Soft, wasiKvm, wasiSoft } from "./targets/wasi/index.js";

/** All targets in TypeScript. */
export const targets: readonly Target[] = [
  outbox,
  batch,
  connection,
  backtrace,
  artifact,
  values,
  flatbuffers,
  flatbuffersSchema,
  softImage,
  softReport,
  modules,
  wit,
  snapshot,
  snapshotSoft,
  snapshotKvm,
  wasiSoft,
  wasiKvm,
  wasi2Soft,
  wasi2Kvm,
];

/** Ends what the targets have started. */
export async function closeTargets(): Promise<void> {
  closeReporter();
  await closeLoaders();
  await closeGuests();
  await closeCompiler();
}
