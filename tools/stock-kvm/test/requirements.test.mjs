import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findParts } from "../src/requirements.mjs";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "requirements-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

/**
 * @param {string} path
 * @param {string | Buffer} content
 */
function write(path, content) {
  const file = join(directory, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, content);
}

/** The header of a 64-bit x86 program without program headers: nothing asks for a dynamic linker. */
function staticProgram() {
  const elf = Buffer.alloc(64);
  elf.write("\x7fELF\x02", "latin1");
  elf.writeUInt16LE(62, 18);
  return elf;
}

function find() {
  return findParts({ programs: [join(directory, "bin")], tops: [directory] });
}

test("each missing part is named, with what to type", () => {
  expect(find).toThrow(/QEMU .* apt-get install qemu-system-x86/);
  write("bin/qemu-system-x86_64", "");
  expect(find).toThrow(/kernel .* apt-get install linux-image-cloud-amd64/);
  write("boot/vmlinuz-6.1.0-9-cloud-amd64", "");
  expect(find).toThrow(/kernel/);
  write("lib/modules/6.1.0-9-cloud-amd64/kernel/net/other.ko", "");
  expect(find).toThrow(/busybox .* apt-get install busybox-static/);
  write("bin/busybox", "#!/bin/sh\n");
  expect(find).toThrow(/busybox/);
  write("bin/busybox", staticProgram());
  expect(find).toThrow(/module kvm-amd/);
});

test("the newest cloud kernel is taken, and its modules in the order in which they load", () => {
  write("bin/qemu-system-x86_64", "");
  write("bin/busybox", staticProgram());
  for (const version of ["6.1.0-9-cloud-amd64", "6.1.0-10-cloud-amd64", "6.12.0-1-amd64"]) {
    write(`boot/vmlinuz-${version}`, "");
    const modules = `lib/modules/${version}/kernel/arch/x86/kvm`;
    write(`${modules}/kvm-amd.ko`, "\0depends=kvm,ccp\0");
    write(`${modules}/kvm.ko`, "\0depends=irqbypass\0");
    write(`lib/modules/${version}/kernel/virt/lib/irqbypass.ko`, "\0depends=\0");
  }
  const { kernel, modules } = find();
  expect(kernel).toBe(join(directory, "boot/vmlinuz-6.1.0-10-cloud-amd64"));
  expect(modules.map(({ name }) => name)).toEqual(["irqbypass", "kvm", "kvm_amd"]);
});
