import { callAll, type Order } from "./calls.js";

addEventListener("message", async ({ data }: MessageEvent<readonly Order[]>) => {
  postMessage(await callAll(data));
});
