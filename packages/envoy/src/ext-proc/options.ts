import { checkOptionNames, show, TwinwallError } from "@twinwall/abi";
import {
  type ConnectionOptions,
  type ConnectionSettings,
  connectionOptions,
  parseConnectionOptions,
} from "../options.js";
import { type LogLine, writeLog } from "./log.js";

/** Options of {@link createExtProcService}: those of connections, and the service's own. */
export interface ExtProcOptions extends ConnectionOptions {
  /** Gets what guests log and what goes wrong. It must be quick; what it throws is dropped. Default: lines on stderr. */
  readonly log?: (line: LogLine) => void;
}

/** Options of a service, checked. */
export interface ExtProcSettings {
  readonly connections: ConnectionSettings;
  readonly log: (line: LogLine) => void;
}

/**
 * Checks the options of a service.
 *
 * @throws TwinwallError `E_OPTION` naming what is unknown or bad.
 */
export function parseExtProcOptions(options: ExtProcOptions): ExtProcSettings {
  checkOptionNames("createExtProcService", options, { ...connectionOptions, log: true });
  const { log = writeLog, ...connections } = options;
  if (typeof log !== "function") {
    throw new TwinwallError("E_OPTION", `log: expected a function, found ${show(log)}`);
  }
  return { connections: parseConnectionOptions(connections, "ext-proc"), log: guarded(log) };
}

/** A log that cannot keep a connection from being closed. */
function guarded(log: (line: LogLine) => void): (line: LogLine) => void {
  return (line) => {
    try {
      log(line);
    } catch {
      // There is nobody left to tell.
    }
  };
}
