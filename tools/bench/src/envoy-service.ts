// A service of the Envoy bench, as a process of its own: `node envoy-service.js SOCKET OPTIONS`. It says over the channel to
// its parent when it listens, and ends with that channel.
import { createExtProcService } from "@twinwall/envoy";

const [path = "", options = "{}"] = process.argv.slice(2);
const service = await createExtProcService(JSON.parse(options));
await service.listen({ path });
process.once("disconnect", () => {
  service.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.send?.("ready");
