// `npm test`: set up what is missing, build everything, run the tests of every package and of the Rust workspace.
import { join } from "node:path";
import { toolEnvironment } from "./src/environment.mjs";
import { root } from "./src/paths.mjs";
import { prepare } from "./src/prepare.mjs";
import { runCommand } from "./src/problem.mjs";
import { run } from "./src/run.mjs";
import { turbo } from "./src/turbo.mjs";

const report = join(root, "tools/report/src");

runCommand(() => {
  prepare("test");
  const env = toolEnvironment();
  run(process.execPath, [join(report, "clear.mjs")], { env });
  // A package that fails must not keep the others from being tested.
  const tests = turbo(["test", "test:rust"], ["--continue=dependencies-successful"]);
  const summary = run(process.execPath, [join(report, "summary.mjs")], { env });
  return tests || summary;
});
