import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { marker } from "./console.mjs";
import { packArchive } from "./initramfs.mjs";

/** @typedef {import("./initramfs.mjs").Entry} Entry */
/** @typedef {import("./requirements.mjs").Parts} Parts */

/**
 * A program to run in the machine.
 * @typedef {object} GuestProgram
 * @property {string} title printed before its output
 * @property {Uint8Array} content a statically linked ELF file
 * @property {string[]} args
 */

/**
 * What the machine runs.
 * @typedef {object} Programs
 * @property {GuestProgram[]} programs one after the other
 * @property {string[]} files further programs, which those start by the paths that they have here
 */

/**
 * The initial file system: busybox, KVM's modules, the programs, images, and an init that runs it all.
 * @param {Parts} parts
 * @param {Programs} contents
 * @param {string | undefined} images a directory that the programs find through TWINWALL_IMAGE_DIR
 * @param {number} deadlineSeconds when the machine will be killed
 */
export function packGuest(parts, { programs, files }, images, deadlineSeconds) {
  const init = initScript(
    parts.modules.map(({ name }) => name),
    programs,
    images !== undefined,
    deadlineSeconds,
  );
  return packArchive([
    { path: "init", content: Buffer.from(init), mode: 0o755 },
    { path: "bin/busybox", content: parts.busybox, mode: 0o755 },
    ...parts.modules.map(({ name, content }) => ({ path: `modules/${name}.ko`, content })),
    ...programs.map(({ content }, index) => ({ path: `programs/${index}`, content, mode: 0o755 })),
    ...files.map((file) => ({ path: file.slice(1), content: readFileSync(file), mode: 0o755 })),
    ...(images === undefined ? [] : directoryEntries(images, "images")),
  ]);
}

/**
 * @param {string} directory
 * @param {string} target
 * @returns {Entry[]}
 */
function directoryEntries(directory, target) {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(directory, name)).isFile())
    .sort()
    .map((name) => ({ path: `${target}/${name}`, content: readFileSync(join(directory, name)) }));
}

/**
 * @param {string[]} modules
 * @param {GuestProgram[]} programs
 * @param {boolean} withImages
 * @param {number} deadlineSeconds
 */
export function initScript(modules, programs, withImages, deadlineSeconds) {
  return [
    "#!/bin/busybox sh",
    "export PATH=/bin HOME=/tmp TMPDIR=/tmp",
    "/bin/busybox mkdir -p /proc /sys /dev /tmp",
    "/bin/busybox --install -s /bin",
    "mount -t proc proc /proc",
    "mount -t sysfs sysfs /sys",
    "mount -t devtmpfs devtmpfs /dev",
    ...(withImages ? ["export TWINWALL_IMAGE_DIR=/images"] : []),
    ...(/^\d+$/.test(process.env["TWINWALL_ROUNDS"] ?? "")
      ? [`export TWINWALL_ROUNDS=${process.env["TWINWALL_ROUNDS"]}`]
      : []),
    ...modules.map((name) => `insmod /modules/${name}.ko || echo "cannot load ${name}"`),
    `[ -c /dev/kvm ] && echo "${marker} ready $(uname -r)" || echo "${marker} no-kvm"`,
    `(sleep ${Math.max(1, Math.floor(deadlineSeconds * 0.9) - bootSeconds)}; ${showThreads}) &`,
    ...programs.flatMap(({ args }, index) => [
      `echo "${marker} start ${index}"`,
      `/programs/${index} ${args.map(quoted).join(" ")} </dev/null 2>&1`,
      "status=$?",
      // A program may end in the middle of a line.
      "echo",
      `echo "${marker} end ${index} $status"`,
      '[ $status = 0 ] || dmesg | tail -n 20 | sed "s/^/kernel: /"',
    ]),
    `echo "${marker} finished"`,
    // QEMU runs with -no-reboot: this ends it, also where the kernel finds no way to power off.
    "reboot -f",
    "",
  ].join("\n");
}

// What booting takes at most, on a busy machine.
const bootSeconds = 15;

// Says of each thread of a program that is still there shortly before the deadline what it does: name, state and
// times (fields of /proc/PID/stat), and where it is in the kernel.
const showThreads = [
  "for thread in /proc/[0-9]*/task/*; do",
  'case "$(readlink $thread/exe)" in /programs/*)',
  'echo; echo "still running: $(cat $thread/comm): $(cat $thread/stat)"; sed "s/^/  /" $thread/stack;;',
  "esac; done",
].join(" ");

/** @param {string} word */
function quoted(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
