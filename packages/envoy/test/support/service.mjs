// A service in a process of its own, to be killed or stopped: `node service.mjs SOCKET OPTIONS`. It writes a line to stdout
// when it listens.
import { createExtProcService } from "@twinwall/envoy";

const [path = "", options = "{}"] = process.argv.slice(2);
const service = await createExtProcService(JSON.parse(options));
await service.listen({ path });
console.log("listening");
