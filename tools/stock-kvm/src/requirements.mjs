import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { isStaticProgram, moduleDependencies } from "./elf.mjs";
import { root } from "./paths.mjs";
import { MissingPart } from "./problem.mjs";

/**
 * What the machine is made of.
 * @typedef {object} Parts
 * @property {string} qemu
 * @property {string} kernel path of its image
 * @property {Buffer} busybox
 * @property {Array<{ name: string, content: Buffer }>} modules in the order in which they load
 */

/**
 * Where to look.
 * @typedef {object} Places
 * @property {string[]} programs directories of programs
 * @property {string[]} tops directories that hold `boot` and `lib/modules`
 */

/** @type {Places} */
const ownPlaces = {
  // Debian keeps some programs where only root's PATH looks.
  programs: [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(Boolean),
  // `npm test` unpacks the kernel's Debian package instead of installing it.
  tops: ["/", join(root, ".cache/debian")],
};

/**
 * Finds every part on this machine.
 * @param {Places} [places]
 * @throws {MissingPart} naming the first that is not there
 * @returns {Parts}
 */
export function findParts({ programs, tops } = ownPlaces) {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new MissingPart("Linux on x86-64", "this command on such a machine");
  const qemu = findProgram("qemu-system-x86_64", programs);
  if (!qemu) throw new MissingPart("QEMU (qemu-system-x86_64)", "sudo apt-get install qemu-system-x86");
  const kernel = findKernel(tops);
  return { qemu, kernel: kernel.image, busybox: findBusybox(programs), modules: loadModules(kernel.modules) };
}

/**
 * @param {string} name
 * @param {string[]} directories
 */
function findProgram(name, directories) {
  return directories.map((directory) => join(directory, name)).find((file) => existsSync(file));
}

/** @param {string[]} directories */
function findBusybox(directories) {
  const file = findProgram("busybox", directories);
  const content = file ? readFileSync(file) : Buffer.alloc(0);
  if (isStaticProgram(content)) return content;
  throw new MissingPart("a statically linked busybox", "sudo apt-get install busybox-static");
}

/**
 * The newest cloud kernel that has its modules beside it, else the newest of any flavour.
 * @param {string[]} tops
 */
function findKernel(tops) {
  const found = tops.flatMap((top) => kernelsUnder(top));
  const cloud = found.filter(({ image }) => image.endsWith("-cloud-amd64"));
  const newest = [...(cloud.length > 0 ? cloud : found)].sort(byVersion).at(-1);
  if (newest) return newest;
  throw new MissingPart(
    "a stock Linux kernel with its modules (/boot/vmlinuz-VERSION, /lib/modules/VERSION)",
    "sudo apt-get install linux-image-cloud-amd64",
  );
}

/** @param {string} top */
function kernelsUnder(top) {
  const boot = join(top, "boot");
  if (!existsSync(boot)) return [];
  return readdirSync(boot)
    .filter((name) => name.startsWith("vmlinuz-"))
    .flatMap((name) => {
      const version = name.slice("vmlinuz-".length);
      const modules = ["lib/modules", "usr/lib/modules"]
        .map((directory) => join(top, directory, version, "kernel"))
        .find((directory) => existsSync(directory));
      return modules ? [{ image: join(boot, name), modules }] : [];
    });
}

/**
 * @param {{ image: string }} left
 * @param {{ image: string }} right
 */
function byVersion(left, right) {
  return basename(left.image).localeCompare(basename(right.image), "en", { numeric: true });
}

/** @param {string} directory a kernel's modules */
function loadModules(directory) {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  /** @type {Map<string, Buffer>} a Map keeps the order: each module comes after those it depends on */
  const loaded = new Map();
  /** @param {string} name */
  const load = (name) => {
    if (loaded.has(name)) return;
    const file = files.find((path) => moduleName(path) === name);
    // A dependency that is built into the kernel has no file.
    if (!file) return;
    const content = readModule(join(directory, file));
    for (const dependency of moduleDependencies(content)) load(dependency.replaceAll("-", "_"));
    loaded.set(name, content);
  };
  load("kvm_amd");
  if (!loaded.has("kvm_amd"))
    throw new MissingPart(
      `the module kvm-amd in ${directory}`,
      "sudo apt-get install linux-image-cloud-amd64",
    );
  return [...loaded].map(([name, content]) => ({ name, content }));
}

/** @param {string} path */
function moduleName(path) {
  return /([^/]+)\.ko(\.xz)?$/.exec(path)?.[1]?.replaceAll("-", "_");
}

/** @param {string} file */
function readModule(file) {
  if (!file.endsWith(".xz")) return readFileSync(file);
  return execFileSync("xz", ["--decompress", "--stdout", file], { maxBuffer: 64 * 1024 * 1024 });
}
