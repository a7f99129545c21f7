import { dirname } from "node:path";
import { showText } from "@twinwall/abi";
import {
  dynamicModulePath,
  type EnvoyConfig,
  extProcConfig,
  inProcessConfig,
  parseConnectionOptions,
  toYaml,
} from "@twinwall/envoy";
import { UsageError } from "../failure.js";
import { writeWhole } from "../files.js";
import { connectionOptionsOf, type GuestFlags, wordsOf } from "../guest-flags.js";
import { writeFully } from "../streams.js";

/** Options of `twinwall envoy config`, as they were typed. */
export interface EnvoyConfigFlags extends GuestFlags {
  readonly inProcess?: boolean;
  readonly extProc?: boolean;
  readonly listen?: string;
  readonly upstream?: string;
  readonly service?: string;
  readonly admin?: string;
  readonly workers?: number;
  readonly filterOnly?: boolean;
  readonly output?: string;
}

/** Prints a configuration and returns the exit status of the process. */
export async function envoyConfig(flags: EnvoyConfigFlags): Promise<number> {
  checkCombination(flags);
  const config = flags.inProcess ? await configInProcess(flags) : configExtProc(flags);
  const bytes = new TextEncoder().encode(toYaml(config, commentOf(flags)));
  if (flags.output === undefined) writeFully(1, bytes);
  else await writeWhole(flags.output, bytes);
  return 0;
}

function checkCombination(flags: EnvoyConfigFlags): void {
  const { inProcess, extProc, module, service, filterOnly, listen, upstream, admin, workers } = flags;
  if ((inProcess === true) === (extProc === true))
    throw new UsageError("say either --in-process or --ext-proc");
  if (inProcess && module === undefined) throw new UsageError("--in-process needs --module FILE");
  if (inProcess && service !== undefined) throw new UsageError("--service goes with --ext-proc only");
  if (extProc && service === undefined)
    throw new UsageError("--ext-proc needs --service unix:PATH or HOST:PORT");
  if (!filterOnly && listen === undefined) throw new UsageError("say --listen HOST:PORT, or --filter-only");
  if (filterOnly && [listen, upstream, admin, workers].some((value) => value !== undefined))
    throw new UsageError("--listen, --upstream, --admin and --workers mean nothing with --filter-only");
  if (workers === 0) throw new UsageError("--workers: Envoy needs at least one");
}

function configInProcess(flags: EnvoyConfigFlags): Promise<EnvoyConfig> {
  return inProcessConfig({ ...placesOf(flags), connection: connectionOptionsOf(flags) });
}

function configExtProc(flags: EnvoyConfigFlags): EnvoyConfig {
  // What the service would refuse is refused here too; the module is its business.
  const { directions, limits } = parseConnectionOptions(
    connectionOptionsOf({ ...flags, module: flags.module ?? "guest.wasm" }),
    "ext-proc",
  );
  const deadline = limits.deadline === undefined ? {} : { deadline: `${limits.deadline}us` as const };
  return extProcConfig({ ...placesOf(flags), service: flags.service ?? "", directions, ...deadline });
}

function placesOf({ listen, upstream, admin, filterOnly = false }: EnvoyConfigFlags) {
  return {
    filterOnly,
    ...(listen === undefined ? {} : { listen }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(admin === undefined ? {} : { admin }),
  };
}

/** What to do with it, as the first lines of the file. */
function commentOf(flags: EnvoyConfigFlags): string[] {
  const { inProcess, filterOnly, workers, output = "envoy.yaml" } = flags;
  const envoy = ["envoy", "-c", output, ...(workers === undefined ? [] : ["--concurrency", `${workers}`])];
  const search = `ENVOY_DYNAMIC_MODULES_SEARCH_PATH=${inProcess ? searchPath() : ""}`;
  const start = inProcess ? `${search} ${commandLine(envoy)}` : commandLine(envoy);
  const service = ["twinwall", "envoy", "serve", "--listen", flags.service ?? "", ...wordsOf(flags)];
  if (!service.includes("--module")) service.push("--module", "MODULE");
  const first = inProcess ? [] : ["The service that it needs:", `  ${commandLine(service)}`];
  if (!filterOnly) return [...first, "Start Envoy with it:", `  ${start}`];
  const parts = inProcess
    ? "The filter for a filter chain"
    : "The filter for a filter chain, and its cluster";
  return [
    `${parts} of an existing configuration.`,
    ...first,
    ...(inProcess ? [`Envoy needs ${search}`] : []),
  ];
}

/** The directory of the dynamic module, where there is one. */
function searchPath(): string {
  try {
    return commandLine([dirname(dynamicModulePath())]);
  } catch {
    return "DIRECTORY_OF_libtwinwall_envoy.so";
  }
}

/** Words as one types them in a shell, on one line. */
function commandLine(words: readonly string[]): string {
  const quoted = words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  return showText(quoted.join(" "));
}
