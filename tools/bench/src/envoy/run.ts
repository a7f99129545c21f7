import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { type Envoy, envoyProblem, startEnvoy } from "@twinwall/tool-envoy";
import { WrongBytesError } from "../payload.js";
import { describeSystem, formatSystem } from "../system.js";
import { benchConfiguration } from "./config.js";
import { FigureTable } from "./figures.js";
import { measureMachineFloor } from "./floor.js";
import { judgeGoals } from "./goals.js";
import { EchoServer, FULL_LOAD, QUICK_LOAD, runLoad } from "./load.js";
import { type EnvoyEchoOptions, parseEnvoyEchoOptions, USAGE } from "./options.js";
import { type Ingredients, missingParts, pathProblem, prepareIngredients } from "./parts.js";
import { type PathName, pathOf } from "./paths.js";
import { drawPlot } from "./plot.js";
import { type EnvoyEchoResult, formatDocument, formatSummary } from "./report.js";
import { startServices } from "./services.js";

/**
 * `twinwall bench envoy-echo`: measures echoes through one Envoy in many ways, in turn, and compares every byte. The report
 * goes to standard output, progress to standard error. Missed goals are told; wrong bytes fail.
 *
 * @param words The command line behind the command's name.
 * @returns The exit status: 0, 1 for wrong bytes or a part that failed, 2 for a command line that it does not know.
 */
export async function runEnvoyEchoBench(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (options === undefined) return 2;
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    await run(options);
    return 0;
  } catch (error) {
    const known = error instanceof TwinwallError || error instanceof WrongBytesError;
    complain(error instanceof Error && !known ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

/** The options; `undefined` after a complaint about them. */
function readOptions(words: readonly string[]): EnvoyEchoOptions | "help" | undefined {
  try {
    return parseEnvoyEchoOptions(words);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function run(options: EnvoyEchoOptions): Promise<void> {
  const problem = envoyProblem();
  if (problem !== undefined) {
    progress(`nothing to measure: ${problem}`);
    return;
  }
  const result = await measureEnvoyEcho(options);
  process.stdout.write(`${formatSummary(result)}\n`);
  write(options.json, () => `${JSON.stringify(result, undefined, 2)}\n`);
  write(options.markdown, () => formatDocument(result));
  write(options.svg, () => drawPlot(result));
}

function write(file: string | undefined, contents: () => string): void {
  if (file === undefined) return;
  // A package manager starts this in its own folder; the user's is in INIT_CWD.
  writeFileSync(resolve(process.env["INIT_CWD"] ?? "", file), contents());
}

/**
 * Measures what the options say, as far as its parts are here.
 *
 * @throws WrongBytesError when an answer is not what was sent.
 * @throws TwinwallError when a part that is here fails.
 */
export async function measureEnvoyEcho({ paths, quick }: EnvoyEchoOptions): Promise<EnvoyEchoResult> {
  const parts = missingParts();
  const missing = paths.flatMap((path) => {
    const reason = pathProblem(path, parts);
    return reason === undefined ? [] : [{ path, reason }];
  });
  for (const { path, reason } of missing) progress(`left out: ${pathOf(path).label}: ${reason}`);
  const present = paths.filter((path) => !missing.some((other) => other.path === path));
  progress("the machine's floor");
  const floor = parts.has("guest") ? undefined : await measureMachineFloor();
  const folder = mkdtempSync(join(tmpdir(), "twinwall-bench-"));
  try {
    const ingredients = await prepareIngredients(folder);
    const { figures, version } = await measurePaths(present, ingredients, quick, folder);
    const system = `${formatSystem(describeSystem())}, ${version}`;
    const goals = judgeGoals(new FigureTable(figures), floor);
    return { date: new Date().toISOString(), system, quick, figures, missing, floor, goals };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePaths(
  paths: readonly PathName[],
  ingredients: Ingredients,
  quick: boolean,
  folder: string,
) {
  await using upstream = await EchoServer.start();
  await using services = await startServices(paths, ingredients, folder);
  const inEnvoy = paths.filter((path) => pathOf(path).chain.kind !== "no envoy");
  const backends = { upstreamPort: upstream.port, services: services.sockets };
  await using envoy = await startEnvoy({
    config: await benchConfiguration(inEnvoy, ingredients, backends),
    env: { ENVOY_DYNAMIC_MODULES_SEARCH_PATH: dirname(ingredients.module) },
    logLevel: "warning",
  });
  const version = await versionOf(envoy);
  progress(`${version}, ${paths.length} ways in turn`);
  const ports = new Map(paths.map((path) => [path, portOf(path, envoy, upstream)]));
  const figures = await runLoad(ports, quick ? QUICK_LOAD : FULL_LOAD);
  await checkCounters(envoy);
  return { figures, version };
}

function portOf(path: PathName, envoy: Envoy, upstream: EchoServer): number {
  if (pathOf(path).chain.kind === "no envoy") return upstream.port;
  const port = envoy.ports.get(path);
  if (port === undefined) throw new TwinwallError("E_INTERNAL", `Envoy has no listener for ${path}`);
  return port;
}

/** `Envoy 1.40.0`. */
async function versionOf(envoy: Envoy): Promise<string> {
  const { version } = JSON.parse(await envoy.admin("/server_info")) as { version: string };
  return `Envoy ${/\/([\d.]+)\//.exec(version)?.[1] ?? version}`;
}

/** A connection that failed after its last echo would not be seen by the client. */
async function checkCounters(envoy: Envoy): Promise<void> {
  for (const name of ["twinwall_failures", "twinwall_no_machine"]) {
    const count = await envoy.stat(`dynamicmodulescustom.${name}`);
    if (count > 0) throw new TwinwallError("E_INTERNAL", `${name} is ${count}:\n${envoy.log.tail()}`);
  }
}

function complain(text: string): void {
  process.stderr.write(`bench envoy-echo: ${text}\n`);
}

function progress(text: string): void {
  process.stderr.write(`… ${text}\n`);
}
