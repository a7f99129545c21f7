export { runEnvoyEchoBench } from "./envoy/run.js";
