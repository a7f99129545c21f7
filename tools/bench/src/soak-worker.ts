// A Worker of the soak: `workerData` says what it does.
import { work } from "./soak/worker.js";

await work();
