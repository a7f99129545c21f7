// turbo hands out what it built before for the same inputs. A package that runs cargo depends on files outside of its
// folder; left out of the inputs, they would change without a new build.
import { readTurbo, workspacePackages } from "../context.mjs";

const toolchain = "$TURBO_ROOT$/rust-toolchain.toml";
const workspaceInputs = ["$TURBO_ROOT$/Cargo.toml", "$TURBO_ROOT$/Cargo.lock", toolchain];

/** @param {import("../context.mjs").Context} context */
export function check(context) {
  return workspacePackages(context)
    .filter(({ manifest }) => manifest["scripts"]?.["build:rust"])
    .flatMap(({ folder }) => {
      const inWorkspace = context.files.some((file) => file.startsWith(`${folder}/rust/`));
      return taskViolations(folder, readTurbo(context.root, folder).tasks?.["build:rust"], inWorkspace);
    });
}

/**
 * @param {string} folder
 * @param {{ inputs?: string[], outputs?: string[], cache?: boolean } | undefined} task
 * @param {boolean} inWorkspace whether its crates belong to the workspace, and not to one of their own
 */
export function taskViolations(folder, task, inWorkspace) {
  if (task?.cache === false) return [];
  const wanted = inWorkspace ? workspaceInputs : [toolchain];
  const missing = wanted.filter((input) => !task?.inputs?.includes(input));
  const problems = missing.map((input) => `${folder}/turbo.json: inputs of build:rust lack ${input}`);
  if (!task?.outputs?.length) problems.push(`${folder}/turbo.json: build:rust has no outputs`);
  return problems;
}
