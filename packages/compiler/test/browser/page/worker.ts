import { createCompiler } from "@twinwall/compiler";
import { outcomeOf } from "./outcome.js";

addEventListener("message", async ({ data }: MessageEvent<Uint8Array>) => {
  const compiler = createCompiler({ cacheDirectory: false });
  postMessage(await outcomeOf(compiler.compile(data, { machine: "soft", fuel: true })));
  await compiler.close();
});
