/**
 * A program or library that comes from the distribution.
 * @typedef {object} DebianPackage
 * @property {string[]} names package names, the first that the distribution knows is taken
 * @property {string[]} probes it is there when one of these is: a program on PATH, or a path with `*` for one name
 * @property {Array<"start" | "test">} commands which of the two commands use it
 * @property {boolean} required whether those commands stop without it; otherwise tests are skipped, with the reason
 * @property {boolean} [extractOnly] unpacked into `.cache/debian` instead of being installed
 * @property {string} reason
 */

/** @type {DebianPackage[]} */
export const debianPackages = [
  {
    names: ["gcc"],
    probes: ["cc", "gcc"],
    commands: ["start", "test"],
    required: true,
    reason: "rustc links native code with it",
  },
  {
    names: ["libc6-dev"],
    probes: ["/usr/include/stdio.h"],
    commands: ["start", "test"],
    required: true,
    reason: "start files and libraries of native Rust programs",
  },
  {
    names: ["clang"],
    probes: ["clang"],
    commands: ["test"],
    required: false,
    reason: "compiles guests in C, and the C programs that the WASI tests run",
  },
  {
    names: ["lld"],
    probes: ["wasm-ld"],
    commands: ["test"],
    required: false,
    reason: "links C programs for WebAssembly",
  },
  {
    names: ["wasi-libc"],
    probes: ["/usr/include/wasm32-wasi/stdio.h"],
    commands: ["test"],
    required: false,
    reason: "C library of those guests and programs",
  },
  {
    // The number is that of the distribution's clang: 14 in Debian 12, which has 19 beside it, and 19 in Debian 13.
    names: ["libclang-rt-14-dev-wasm32", "libclang-rt-19-dev-wasm32"],
    probes: [
      "/usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a",
      "/usr/lib/llvm-*/lib/clang/*/lib/wasm32-unknown-wasi/libclang_rt.builtins.a",
    ],
    commands: ["test"],
    required: false,
    reason: "clang's run-time library for WebAssembly",
  },
  {
    names: ["qemu-system-x86"],
    probes: ["qemu-system-x86_64"],
    commands: ["test"],
    required: false,
    reason: "runs a stock Linux kernel, whose KVM the tests use as a second one",
  },
  {
    // Installing a kernel would change how this machine boots; a copy of its files is enough for QEMU.
    names: ["linux-image-cloud-amd64"],
    probes: ["/boot/vmlinuz-*-cloud-amd64", "@cache/debian/boot/vmlinuz-*-cloud-amd64"],
    commands: ["test"],
    required: false,
    extractOnly: true,
    reason: "the stock Linux kernel that QEMU boots",
  },
  {
    names: ["busybox-static"],
    probes: ["busybox"],
    commands: ["test"],
    required: false,
    reason: "the user space of that kernel",
  },
  {
    names: ["xz-utils"],
    probes: ["xz"],
    commands: ["test"],
    required: false,
    reason: "unpacks that kernel's modules",
  },
  {
    names: ["cpio"],
    probes: ["cpio"],
    commands: ["test"],
    required: false,
    reason: "a test reads the initial file system of that kernel with it",
  },
  {
    names: ["chromium"],
    probes: ["/usr/bin/chromium"],
    commands: ["test"],
    required: false,
    reason: "the browser that opens the pages of the browser tests",
  },
];
