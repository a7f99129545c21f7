import { once } from "node:events";
import { toYaml } from "@twinwall/envoy";
import { envoyProblem } from "@twinwall/tool-envoy";
import { sendEchoes } from "./echoes.js";
import { makeExtProcConfig, startExtProc } from "./ext-proc.js";
import { showFailingClosed } from "./failing-closed.js";
import { inProcessProblem, makeInProcessConfig, startInProcess } from "./in-process.js";
import { type AppOptions, parseOptions, USAGE, type Way } from "./options.js";
import { countersText, failingClosedText, latencyTable } from "./report.js";
import type { Running } from "./running.js";

/** Where the service would listen in a printed configuration. */
const EXAMPLE_SOCKET = "/run/twinwall.sock";

// A reader that has seen enough (`| head`) is no failure, and there is nobody left to tell anything.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
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
    complain(error);
    return 1;
  }
}

/** The options; `undefined` after a complaint about them. */
function readOptions(words: readonly string[]): AppOptions | "help" | undefined {
  try {
    return parseOptions(words);
  } catch (error) {
    complain(error);
    return undefined;
  }
}

function complain(error: unknown): void {
  process.stderr.write(`envoy-echo: ${error instanceof Error ? error.message : String(error)}\n`);
}

async function run(options: AppOptions): Promise<void> {
  const { way, note } = chooseWay(options);
  if (options.config) {
    print(toYaml(await configOf(way, options)).trimEnd());
    return;
  }
  const problem = envoyProblem();
  if (problem !== undefined) throw new Error(problem);
  if (note !== undefined) print(note);
  await using running = await start(way, options);
  print(`A guest function on the connections of ${await versionOf(running)}: ${running.where}.\n`);
  if (options.serve) await serve(running);
  else await demonstrate(running, options);
}

/** The way that was asked for, else in process, and why not. */
function chooseWay({ way }: AppOptions): { readonly way: Way; readonly note?: string } {
  if (way === "ext-proc") return { way };
  const problem = inProcessProblem();
  if (problem === undefined) return { way: "in-process" };
  if (way === "in-process") throw new Error(`the guest cannot run in Envoy's process: ${problem}`);
  return { way: "ext-proc", note: `Not in Envoy's process, as ${problem}.` };
}

function configOf(way: Way, { guest, port }: AppOptions) {
  return way === "in-process" ? makeInProcessConfig(guest, port) : makeExtProcConfig(EXAMPLE_SOCKET, port);
}

function start(way: Way, { guest, port }: AppOptions): Promise<Running> {
  return way === "in-process" ? startInProcess(guest, port) : startExtProc(port);
}

/** `Envoy 1.40.0`. */
async function versionOf({ envoy }: Running): Promise<string> {
  const { version } = JSON.parse(await envoy.admin("/server_info")) as { version: string };
  return `Envoy ${/\/([\d.]+)\//.exec(version)?.[1] ?? version}`;
}

async function demonstrate(running: Running, { guest }: AppOptions): Promise<void> {
  const report = await sendEchoes([
    { name: "through the guest", port: running.port },
    { name: "Envoy alone", port: running.plainPort },
  ]);
  print(latencyTable(report));
  print(`\n${report.echoes} echoes, ${report.bytes} bytes: every byte is what was sent.\n`);
  if (guest === "wasm") {
    print(`${failingClosedText(await showFailingClosed(running.port))}\n`);
    const [first] = running.guestLog();
    if (first === undefined) throw new Error("the guest logged nothing");
    print(`The guest's log begins: ${first}\n`);
  }
  print(`Counters:\n${countersText(await running.counters())}`);
}

/** Stays until a signal comes, or Envoy ends. */
async function serve(running: Running): Promise<void> {
  const { envoy, port } = running;
  print(`It listens on 127.0.0.1:${port}. Try: nc 127.0.0.1 ${port}`);
  print("What you type comes back; a line that begins with trap makes the guest fail. Ctrl-C ends it.");
  const signals = (["SIGINT", "SIGTERM"] as const).map((signal) => once(process, signal));
  const ended = envoy.exited.then((exit) =>
    Promise.reject(new Error(`Envoy ended: ${JSON.stringify(exit)}`)),
  );
  await Promise.race([...signals, ended]);
  print(`\nCounters:\n${countersText(await running.counters())}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
