// `npm start`: set up what is missing, build the echo app, run it on the machine that is there: the app says which, and
// why not on KVM. Arguments after `--` go to the app.
import { toolEnvironment } from "./src/environment.mjs";
import { prepare } from "./src/prepare.mjs";
import { runCommand } from "./src/problem.mjs";
import { run } from "./src/run.mjs";
import { turbo } from "./src/turbo.mjs";

const app = "apps/echo";

/** Programs of others that the app shows, where they can be had: those that build in a minute together. */
const programs = ["ripgrep", "jaq", "pulldown-cmark"];

runCommand(() => {
  prepare("start");
  console.log("Building (the first build compiles Cranelift and takes minutes; later ones take seconds)");
  const status = turbo(["build"], ["--filter=@twinwall/app-echo"]);
  if (status !== 0) return status;
  // Says by itself what could not be built; the app shows the others.
  run(process.execPath, [new URL("../programs/scripts/main.mjs", import.meta.url).pathname, ...programs], {
    env: toolEnvironment(),
  });
  // The paths that a user gives are relative to where the user stands.
  const cwd = process.env["INIT_CWD"] ?? process.cwd();
  const main = new URL(`../../${app}/dist/main.js`, import.meta.url).pathname;
  return run(process.execPath, [main, ...process.argv.slice(2)], { cwd, env: toolEnvironment() });
});
