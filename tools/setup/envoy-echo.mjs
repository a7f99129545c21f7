// `npm run envoy-echo`: set up what is missing, build the Envoy echo app, run it: in Envoy's process where there is KVM, else
// in a service beside it. Arguments after `--` go to the app.
import { toolEnvironment } from "./src/environment.mjs";
import { prepare } from "./src/prepare.mjs";
import { runCommand } from "./src/problem.mjs";
import { run } from "./src/run.mjs";
import { turbo } from "./src/turbo.mjs";

const main = new URL("../../apps/envoy-echo/dist/main.js", import.meta.url).pathname;

runCommand(() => {
  prepare("envoy-echo");
  console.log("Building (the first build compiles Cranelift and takes minutes; later ones take seconds)");
  const status = turbo(["build"], ["--filter=@twinwall/app-envoy-echo"]);
  return status || run(process.execPath, [main, ...process.argv.slice(2)], { env: toolEnvironment() });
});
