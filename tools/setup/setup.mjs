// `npm run setup`: everything that `npm start` and `npm test` need, without building anything.
import { prepare } from "./src/prepare.mjs";
import { runCommand } from "./src/problem.mjs";

runCommand(() => {
  prepare("test");
  console.log(
    "Set up. For pnpm and turbo in this shell: PATH=$PWD/.cache/tools/node_modules/.bin:$PWD/node_modules/.bin:$PATH",
  );
  return 0;
});
