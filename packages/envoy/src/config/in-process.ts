import { resolve } from "node:path";
import { checkOptionNames, TwinwallError } from "@twinwall/abi";
import { type ConnectionOptions, parseConnectionOptions } from "../options.js";
import { assemble, type GuestFilter, type ListenerOptions, listenerOptions, typed } from "./listener.js";
import { hashInProcessModule } from "./module-file.js";
import type { EnvoyConfig } from "./print.js";

/** What `inProcessConfig` takes. */
export interface InProcessConfigOptions extends ListenerOptions {
  /**
   * The guest and its limits. A relative `module` is made absolute, as Envoy may run elsewhere; `sha256` may be left out:
   * the file is read, and hashed.
   */
  readonly connection: ConnectionOptions;
}

/**
 * Without it Envoy closes a connection although data of it is with the machine's thread: a client that ends its side before
 * the answer has come would lose it.
 */
const THREAD_RUNTIME = { "envoy.reloadable_features.connection_close_through_filter_manager": true };

/** Name of the dynamic module: Envoy looks for `libtwinwall_envoy.so`. */
const MODULE_NAME = "twinwall_envoy";

/**
 * Makes a configuration of Envoy whose filter runs the guest in Envoy's own process. Envoy finds the dynamic module in the
 * directory that its environment names as `ENVOY_DYNAMIC_MODULES_SEARCH_PATH`; see `dynamicModulePath`.
 *
 * @throws TwinwallError `E_OPTION` for a bad option, or a module that cannot run in process, saying why; `E_NO_FILE` when the
 * module cannot be read.
 * @example
 * ```ts
 * const config = await inProcessConfig({ connection: { module: "guest.cwasm" }, listen: "127.0.0.1:8080" });
 * await writeFile("envoy.yaml", toYaml(config));
 * ```
 */
export async function inProcessConfig(options: InProcessConfigOptions): Promise<EnvoyConfig> {
  checkOptionNames("options", options, { connection: true, ...listenerOptions });
  const connection = await withHash(options.connection);
  const { terminal, placement } = parseConnectionOptions(connection, "in-process");
  const filter = inProcessFilter(connection, terminal);
  return assemble(placement === "thread" ? { ...filter, runtime: THREAD_RUNTIME } : filter, options);
}

/** The options with the module's absolute path and its hash. */
async function withHash(connection: ConnectionOptions): Promise<ConnectionOptions> {
  const { module } = connection ?? {};
  if (typeof module !== "string" || module === "") return connection;
  const path = resolve(module);
  const sha256 = await hashInProcessModule(path);
  if (connection.sha256 !== undefined && String(connection.sha256).toLowerCase() !== sha256) {
    throw new TwinwallError("E_OPTION", `sha256: ${path} has the hash ${sha256}, another one than expected`);
  }
  const { module: _module, sha256: _sha256, ...others } = connection;
  return { module: path, sha256, ...others };
}

/** The filter alone, from options that were checked. */
function inProcessFilter(connection: ConnectionOptions, terminal: boolean): GuestFilter {
  const filter = {
    name: "envoy.filters.network.dynamic_modules",
    typed_config: typed("envoy.extensions.filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter", {
      // Unloading would leave the threads and signal handlers of the machines without their code.
      dynamic_module_config: { name: MODULE_NAME, do_not_close: true },
      filter_name: "twinwall",
      // Not a Struct, in which Envoy turns whole numbers from 2^31 on into text.
      filter_config: typed("google.protobuf.StringValue", { value: toJson(connection) }),
      terminal_filter: terminal,
    }),
  };
  return { filter, terminal, clusters: [] };
}

function toJson(connection: ConnectionOptions): string {
  const text = JSON.stringify(
    connection,
    (_, value: unknown) => (typeof value === "bigint" ? exact(value) : value),
    2,
  );
  // In ASCII, as some other characters end a line in YAML.
  return `${text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

/** JSON has no bigint. */
function exact(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new TwinwallError("E_OPTION", `fuel: ${value} is more than a configuration can hold, 2^53 - 1`);
}
