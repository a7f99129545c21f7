import { CallKind, parseLimits, TwinwallError } from "@twinwall/abi";
import { bootSnapshot, loadModule, packFiles } from "@twinwall/runtime";
import { callLimits } from "@twinwall/vmm";
import { countInstructions, openKvmDriver } from "@twinwall/vmm-kvm";
import type { Bench } from "../bench.js";
import { judge, type Row } from "../row.js";

/** The goal, and what a test asserts. */
export const INSTRUCTION_LIMIT = 2000;

const refuse = () => -1;
const ignore = () => undefined;

/** Instructions of an echo, gate to gate, counted by single steps. */
export async function measureInstructions(bench: Bench): Promise<Row> {
  return judge({
    id: "instructions",
    what: "guest instructions of an echo of 128 B",
    unit: "count",
    goal: "≤ 2,000",
    value: await countEcho(bench.echoModule, 128),
    limit: INSTRUCTION_LIMIT,
    note: "counted by single steps, gate to gate, first call from a snapshot",
  });
}

/** Guest instructions that an echo of `bytes` takes. */
export async function countEcho(module: Uint8Array, bytes: number): Promise<number> {
  const loaded = await loadModule(module, { machine: "kvm", fuel: false });
  const limits = parseLimits();
  const lease = bootSnapshot({
    driver: openKvmDriver(),
    module: loaded,
    limits,
    hostFunctions: [],
    init: new Uint8Array(),
    files: packFiles(),
    domain: "count",
    recycle: false,
    seed: undefined,
    share: false,
    hostCall: refuse,
    record: ignore,
  });
  const machine = lease.snapshot.machine(callLimits(limits), refuse, ignore);
  try {
    const target = loaded.facts.exports.findIndex((item) => item.name === "echo");
    const count = countInstructions(machine, CallKind.Bytes, target, new Uint8Array(bytes));
    if (count < 0) throw new TwinwallError("E_INTERNAL", `counting failed: ${machine.failure().message}`);
    return count;
  } finally {
    machine.close();
    lease.release();
  }
}
