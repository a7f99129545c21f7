import { dirname } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { dynamicModulePath, type EnvoyConfig, inProcessConfig } from "@twinwall/envoy";
import { hostProblem } from "@twinwall/vmm-kvm";
import { inProcessOptions } from "./guest.js";
import type { GuestName } from "./options.js";
import { type Running, startWithPlain } from "./running.js";

/** Prefix that Envoy gives to the counters of dynamic modules. */
const COUNTERS = "dynamicmodulescustom.";

/** Why the guest cannot run in Envoy's process here; `undefined` where it can. */
export function inProcessProblem(): string | undefined {
  const kvm = hostProblem();
  if (kvm !== undefined) return `there is no KVM: ${kvm}`;
  try {
    dynamicModulePath();
    return undefined;
  } catch (error) {
    return TwinwallError.from(error).rawMessage;
  }
}

/** Envoy's configuration. */
export async function makeInProcessConfig(guest: GuestName, port: number): Promise<EnvoyConfig> {
  return await inProcessConfig({
    listen: `127.0.0.1:${port}`,
    connection: await inProcessOptions(guest),
  });
}

/** Starts Envoy with the guest in its process. */
export async function startInProcess(guest: GuestName, port: number): Promise<Running> {
  const config = await makeInProcessConfig(guest, port);
  const started = await startWithPlain(config, {
    ENVOY_DYNAMIC_MODULES_SEARCH_PATH: dirname(dynamicModulePath()),
  });
  const { envoy } = started;
  return {
    ...started,
    where: "in its own process, in a micro-VM for each connection",
    guestLog: () => envoy.log.matching(/\bhello \S+/),
    counters: async () => await envoy.stats(COUNTERS),
    [Symbol.asyncDispose]: async () => {
      await envoy.stop();
    },
  };
}
