/** Levels of a guest's log, by the byte that says so. */
export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;

/** A level of the log. */
export type LogLevel = (typeof logLevels)[number];

/** A line of a service's log. */
export interface LogLine {
  readonly level: LogLevel;
  /** Who says it: a guest's words are whatever the guest likes. */
  readonly source: "guest" | "service";
  /** Number of the connection in this service, from 1; `undefined` where it is about none. */
  readonly connection: number | undefined;
  /** One line; what a guest wrote is bounded and escaped. */
  readonly text: string;
}

/** Writes a line to stderr. */
export function writeLog({ level, source, connection, text }: LogLine): void {
  const where = connection === undefined ? "" : ` connection ${connection}:`;
  process.stderr.write(`twinwall envoy: ${level}:${where}${source === "guest" ? " guest:" : ""} ${text}\n`);
}
