import { callLimits } from "@twinwall/vmm";
import { type FunctionTable, functionTable } from "../functions.js";
import { HostCalls } from "../host-calls.js";
import { imports, type Parts } from "../prepare.js";
import { sandboxSink } from "../run.js";
import { PooledMachine } from "./pooled-machine.js";

/** Where the machines of a pool come from. */
export interface MachineSource {
  readonly functions: FunctionTable;
  /** Cancels every call. */
  readonly signal: AbortSignal | undefined;
  /** Bytes that a machine takes from its start. */
  readonly machineBytes: number;
  /** A machine that stands at the snapshot; no guest runs for it. */
  make(): PooledMachine;
  /** Gives the snapshot back, once all machines are closed. */
  release(): void;
}

/** Machines from a snapshot that others may hold as well. Each has host functions of its own, as each has its own call. */
export function machineSource(parts: Parts): MachineSource {
  const { settings, module } = parts;
  const lease = parts.lease.share();
  const functions = functionTable(module.facts);
  return {
    functions,
    signal: settings.signal,
    machineBytes: lease.snapshot.writableBytes,
    make() {
      const own = imports(settings, module, parts.scopes);
      const hosts = new HostCalls(own.functions, sandboxSink(settings.onStdout, settings.onStderr));
      const limits = callLimits(settings.limits);
      const machine = lease.snapshot.machine(limits, hosts.hostCall, hosts.record);
      const pooled = new PooledMachine(
        {},
        machine,
        functions,
        hosts,
        settings.limits,
        settings.signal,
        own.scopes,
      );
      pooled.parts = parts;
      return pooled;
    },
    release: () => lease.release(),
  };
}
