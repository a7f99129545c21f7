import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createCompiler } from "@twinwall/compiler";
import {
  connectTcp,
  type Envoy,
  envoyProblem,
  type StartOptions,
  startEnvoy,
  type TcpClient,
  type Upstream,
} from "@twinwall/tool-envoy";
import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach } from "vitest";
import { type ConnectionOptions, dynamicModulePath, inProcessConfig } from "../../src/index.js";
import { assemble, type Folder } from "./guests.js";

/** Where a machine runs. */
export const placements = ["inline", "thread"] as const;

/** How long a guest keeps its state. */
export const states = ["call", "connection"] as const;

/** Why there are no tests of the dynamic module here; `undefined` where there are. */
export function inProcessProblem(): string | undefined {
  return envoyProblem() ?? hostProblem();
}

/** Skips the tests around, with the reason, where Envoy or KVM is missing. */
export function needsInProcess(): void {
  const problem = inProcessProblem();
  beforeEach((context) => context.skip(problem !== undefined, problem));
}

/** Environment in which Envoy finds the module. */
export function moduleEnvironment(): Record<string, string> {
  return { ENVOY_DYNAMIC_MODULES_SEARCH_PATH: dirname(dynamicModulePath()) };
}

/** Compiles WebAssembly text for machine kvm; returns the file's path. */
export async function compileText(folder: Folder, name: string, text: string, fuel = false): Promise<string> {
  const compiler = createCompiler();
  const { bytes } = await compiler.compile(assemble(text), { machine: "kvm", fuel });
  await compiler.close();
  const path = folder.file(`${name}.cwasm`);
  writeFileSync(path, bytes);
  return path;
}

/** Compiles `test/guests/NAME.wat` for machine kvm; returns the file's path. */
export function compileGuest(folder: Folder, name: string): Promise<string> {
  const text = readFileSync(new URL(`../guests/${name}.wat`, import.meta.url), "utf8");
  return compileText(folder, name, text);
}

/** A listener with the filter, and what is behind it. */
export interface ListenerPlan {
  readonly name: string;
  readonly connection: ConnectionOptions;
  /** A filter of the same kind in front. */
  readonly before?: ConnectionOptions;
  /** Port of an upstream behind `tcp_proxy`. Default: Envoy's echo filter, unless the filter is terminal. */
  readonly upstream?: number | undefined;
}

interface Chain {
  readonly filters: object[];
  readonly clusters?: object[];
}

interface Whole {
  readonly layered_runtime?: object;
  readonly static_resources: {
    readonly listeners: { filter_chains: Chain[] }[];
    readonly clusters?: object[];
  };
}

async function wholeOf({ connection, upstream }: ListenerPlan): Promise<Whole> {
  const target = upstream === undefined ? {} : { upstream: `127.0.0.1:${upstream}` };
  return (await inProcessConfig({ connection, listen: "127.0.0.1:0", ...target })) as unknown as Whole;
}

/** The filter alone. */
async function filterOf(connection: ConnectionOptions): Promise<object[]> {
  const { filters } = (await inProcessConfig({ connection, filterOnly: true })) as unknown as Chain;
  return [...filters];
}

/** Listeners as a configuration has them, and the clusters that they need. */
export async function listeners(
  plans: readonly ListenerPlan[],
): Promise<{ listeners: object[]; clusters: object[] }> {
  const made = await Promise.all(
    plans.map(async (plan) => {
      const { listeners: own, clusters } = (await wholeOf(plan)).static_resources;
      const before = plan.before === undefined ? [] : await filterOf(plan.before);
      const chains = (own[0]?.filter_chains ?? []).map(({ filters }) => ({
        filters: [...before, ...filters],
      }));
      const listener = { ...own[0], name: plan.name, filter_chains: chains };
      return { listener, clusters: clusters ?? [] };
    }),
  );
  return {
    listeners: made.map(({ listener }) => listener),
    clusters: made.find(({ clusters }) => clusters.length > 0)?.clusters ?? [],
  };
}

/** Starts an Envoy with the listeners. */
export async function startInProcess(
  plans: readonly ListenerPlan[],
  options: Omit<StartOptions, "config"> = {},
): Promise<Envoy> {
  const runtimes = await Promise.all(plans.map(async (plan) => (await wholeOf(plan)).layered_runtime));
  const runtime = runtimes.find((found) => found !== undefined);
  return await startEnvoy({
    ...options,
    env: { ...moduleEnvironment(), ...options.env },
    config: {
      static_resources: await listeners(plans),
      ...(runtime === undefined ? {} : { layered_runtime: runtime }),
    },
  });
}

/** A client of one of the listeners. */
export function connectTo(envoy: Envoy, listener: string): Promise<TcpClient> {
  return connectTcp({ port: envoy.ports.get(listener) ?? 0 });
}

/** A counter of the module. */
export function counter(envoy: Envoy, name: string): Promise<number> {
  return envoy.stat(`dynamicmodulescustom.twinwall_${name}`);
}

/** Closes an upstream that may not have been started. */
export async function closeUpstream(upstream: Upstream | undefined): Promise<void> {
  await upstream?.[Symbol.asyncDispose]();
}
