import { splitLockDanger } from "@twinwall/vmm-kvm";
import type { Check } from "./check.js";

/**
 * What a guest of machine `kvm` can do to this process by locked accesses across cache lines: the kernel answers for
 * them to the process, and nothing keeps a guest from them.
 */
export function checkSplitLocks(onKvm: boolean, danger = splitLockDanger()): Check {
  const name = "split locks";
  if (danger === "none") return { name, status: "ok", detail: "the kernel lets them pass" };
  if (danger === "fatal") {
    return {
      name,
      status: onKvm ? "problem" : "missing",
      detail:
        "the kernel ends a process whose guest makes one (SIGBUS), so any guest of kvm can end its host; boot without " +
        'split_lock_detect=fatal, set isolation "process" (a worker ends then), or use machine soft',
    };
  }
  return {
    name,
    status: onKvm ? "warning" : "ok",
    detail:
      "the kernel slows a process down whose guest makes one, some 10 ms each, up to the call's deadline; " +
      "`sudo sysctl kernel.split_lock_mitigate=0` turns that off",
  };
}
