import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConsoleReader } from "./console.mjs";

/**
 * How the machine ended.
 * @typedef {object} MachineEnd
 * @property {import("./console.mjs").Outcome} outcome
 * @property {boolean} expired whether the deadline ended it
 * @property {string} errors what QEMU itself had to say
 */

/**
 * Boots a machine whose processor has AMD's virtualisation, all of it emulated: this needs no /dev/kvm here, and the
 * kernel in it offers one of its own.
 * @param {import("./requirements.mjs").Parts} parts
 * @param {Uint8Array} archive the initial file system
 * @param {number} deadlineSeconds
 * @param {import("./console.mjs").Watcher} watcher
 * @returns {Promise<MachineEnd>}
 */
export async function bootMachine(parts, archive, deadlineSeconds, watcher) {
  const directory = mkdtempSync(join(tmpdir(), "stock-kvm-"));
  const initrd = join(directory, "initramfs.cpio");
  writeFileSync(initrd, archive);
  try {
    return await runQemu(parts.qemu, qemuArguments(parts.kernel, initrd), deadlineSeconds, watcher);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * @param {string} kernel
 * @param {string} initrd
 */
function qemuArguments(kernel, initrd) {
  return [
    // One processor: with two, QEMU's emulation now and then loses an interrupt from one to the other while a virtual
    // machine runs, and the kernel waits for it for ever.
    ...["-no-user-config", "-nodefaults", "-accel", "tcg", "-cpu", "max,+svm,-vmx", "-m", "1G"],
    ...["-kernel", kernel, "-initrd", initrd],
    // Only emergencies reach the console, so that no message of the kernel lands inside a line of a test. A guest
    // that keeps KVM from ever coming back would hang the machine until the deadline: the watchdog ends it, with a trace,
    // after twice as many seconds as it is told. Beside other tests, QEMU has stood still for over 20 seconds.
    ...["-append", "console=ttyS0 quiet loglevel=1 panic=-1 softlockup_panic=1 watchdog_thresh=60"],
    ...["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"],
  ];
}

/**
 * @param {string} qemu
 * @param {string[]} args
 * @param {number} deadlineSeconds
 * @param {import("./console.mjs").Watcher} watcher
 * @returns {Promise<MachineEnd>}
 */
function runQemu(qemu, args, deadlineSeconds, watcher) {
  const reader = new ConsoleReader(watcher);
  const child = spawn(qemu, args, { stdio: ["ignore", "pipe", "pipe"] });
  let expired = false;
  let errors = "";
  const timer = setTimeout(() => {
    expired = true;
    child.kill("SIGKILL");
  }, deadlineSeconds * 1000);
  const stop = () => child.kill("SIGKILL");
  process.once("exit", stop);
  child.stdout.setEncoding("utf8").on("data", (text) => reader.push(text));
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      process.off("exit", stop);
      reader.close();
      resolve({ outcome: reader.outcome, expired, errors });
    });
  });
}
