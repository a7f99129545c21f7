/**
 * A sandboxed function on the connections of an unmodified Envoy.
 *
 * @module
 */

export { parseAddress } from "./config/address.js";
export { type ExtProcConfigOptions, extProcConfig } from "./config/ext-proc.js";
export { type InProcessConfigOptions, inProcessConfig } from "./config/in-process.js";
export type { ListenerOptions } from "./config/listener.js";
export { type EnvoyConfig, type EnvoyValue, toYaml } from "./config/print.js";
export { dynamicModulePath } from "./dynamic-module.js";
export type { ListenAddress } from "./ext-proc/listen.js";
export type { LogLevel, LogLine } from "./ext-proc/log.js";
export type { ExtProcOptions } from "./ext-proc/options.js";
export { type CloseOptions, createExtProcService, type ExtProcService } from "./ext-proc/service.js";
export {
  type ConnectionMachine,
  type ConnectionMode,
  type ConnectionOptions,
  type ConnectionSettings,
  type Directions,
  parseConnectionOptions,
} from "./options.js";
