import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { within } from "@twinwall/tool-envoy";
import { connectionOptions, type Ingredients } from "./parts.js";
import { type PathName, pathOf } from "./paths.js";
import { places } from "./places.js";

/** Longest until a service listens, or has gone, milliseconds. */
const PATIENCE_MS = 20_000;

/** The services of the paths that need one, each a process of its own, as a user runs it. */
export interface Services extends AsyncDisposable {
  /** Unix sockets that they listen on. */
  readonly sockets: ReadonlyMap<PathName, string>;
}

/**
 * Starts the services that `paths` need; their sockets lie in `folder`.
 *
 * @throws TwinwallError `E_INTERNAL` when one does not start; it says why on standard error.
 */
export async function startServices(
  paths: readonly PathName[],
  ingredients: Ingredients,
  folder: string,
): Promise<Services> {
  const sockets = new Map<PathName, string>();
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(stopService));
  };
  try {
    for (const name of paths) {
      const { chain } = pathOf(name);
      if (chain.kind !== "ext_proc") continue;
      const socket = join(folder, `${name}.sock`);
      const words = [socket, JSON.stringify(connectionOptions(chain, ingredients))];
      const child = fork(places.service, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      children.push(child);
      await started(name, child);
      sockets.set(name, socket);
    }
    return { sockets, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function started(name: PathName, child: ChildProcess): Promise<void> {
  const ended = once(child, "exit").then(() => false);
  const ready = once(child, "message").then(() => true);
  if (await within(`the service of ${name}`, PATIENCE_MS, Promise.race([ready, ended]))) return;
  throw new TwinwallError("E_INTERNAL", `the service of ${name} does not start`);
}

async function stopService(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  // It ends with the channel.
  child.disconnect();
  await within("the end of a service", PATIENCE_MS, gone).catch(() => child.kill("SIGKILL"));
}
