import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createExtProcService,
  type EnvoyConfig,
  type ExtProcService,
  extProcConfig,
  type LogLine,
} from "@twinwall/envoy";
import { DEADLINE, extProcOptions } from "./guest.js";
import { type Running, startWithPlain } from "./running.js";

/** Envoy's configuration; the service listens on a Unix socket at `path`. */
export function makeExtProcConfig(path: string, port: number): EnvoyConfig {
  const listen = `127.0.0.1:${port}`;
  return extProcConfig({ listen, service: `unix:${path}`, directions: "read", deadline: DEADLINE });
}

/** Starts the service with the guest, and an Envoy that sends it what clients send. */
export async function startExtProc(port: number): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "twinwall-envoy-echo-"));
  const path = join(folder, "service.sock");
  const log: LogLine[] = [];
  const service = await createExtProcService({ ...extProcOptions(), log: (line) => log.push(line) });
  const stop = async (): Promise<void> => {
    await service.close({ drain: "none" });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await service.listen({ path });
    const started = await startWithPlain(makeExtProcConfig(path, port));
    const { envoy } = started;
    return {
      ...started,
      where: `in a service beside it, ${machineText(service)}`,
      guestLog: () => log.filter(({ source }) => source === "guest").map(showLine),
      counters: async () => ({
        ...(await envoy.stats("network_ext_proc.")),
        ...readMetrics(service.metrics()),
      }),
      [Symbol.asyncDispose]: async () => {
        await envoy.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function machineText({ machine, machineReason }: ExtProcService): string {
  return machine === "kvm" ? "in a micro-VM for each connection" : `on the soft machine: ${machineReason}`;
}

function showLine({ level, connection, text }: LogLine): string {
  return `${level}: connection ${connection ?? "-"}: ${text}`;
}

/** The samples of a text for Prometheus that have no labels, and those that have. */
function readMetrics(text: string): Record<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
