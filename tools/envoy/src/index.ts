export type { EnvoyConfiguration } from "./configuration.js";
export { replaceFile } from "./configuration.js";
export type { Envoy, Exit } from "./envoy.js";
export { envoyPath, envoyProblem, findEnvoy } from "./find.js";
export type { LogLines } from "./log-lines.js";
export { freshBaseId, type StartOptions, startEnvoy } from "./start.js";
export {
  type CloseKind,
  connectTcp,
  freePort,
  type Serve,
  startUpstream,
  TcpClient,
  type TcpTarget,
  type Upstream,
} from "./tcp.js";
export { type ValidateOptions, type Validation, validate } from "./validate.js";
export { waitFor, within } from "./wait.js";
