import { it } from "vitest";
import { createExtProcService } from "../../src/index.js";
import { Folder } from "../support/guests.js";
import { Peer, requestOf } from "../support/peer.js";

const folder = new Folder();
it("stalls?", async () => {
  for (let round = 0; round < 150; round++) {
    const path = folder.file(`s${round}.sock`);
    await using service = await createExtProcService({ machine: "none" });
    await service.listen({ path });
    await using peer = await Peer.connect(path);
    const stream = peer.open();
    stream.stream.pause();
    const request = requestOf("L".repeat(125));
    for (let c = 0; c < 4000; c++) stream.write(request);
    await new Promise((r) => setTimeout(r, 20 + Math.random() * 100));
    stream.stream.resume();
    let last = -1,
      n = 0,
      stuck = 0;
    while ((n = stream.messages.length) < 4000) {
      await new Promise((r) => setTimeout(r, 50));
      stuck = n === last ? stuck + 1 : 0;
      last = n;
      if (stuck > 40) {
        console.log(
          "STALL round",
          round,
          n,
          service.metrics().match(/chunks_total \d+/)?.[0],
          "client writable",
          stream.stream.writableLength,
          stream.stream.isPaused(),
          stream.stream.readableFlowing,
          peer.session.state,
          stream.stream.state,
        );
        break;
      }
    }
  }
}, 300000);
