import type { Target } from "./target.js";
import { closeCompiler, modules, wit } from "./targets/compiler.js";
import { flatbuffers, flatbuffersSchema } from "./targets/flatbuffers.js";
import { artifact, backtrace, batch, connection, outbox } from "./targets/frames.js";
import { closeReporter, softImage, softReport } from "./targets/soft.js";
import { values } from "./targets/values.js";

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
];

/** Ends what the targets have started. */
export async function closeTargets(): Promise<void> {
  closeReporter();
  await closeCompiler();
}
