// Builds the images of the KVM machine: `artifacts/images/wasm.elf` and `echo.elf`, with a copy in `dist/images`.
//
// Images are freestanding, so they need flags of their own and with them a target directory of their own:
// a change of flags makes cargo build every dependency anew.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkImage } from "./check-image.mjs";

const packageDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
const root = resolve(packageDirectory, "../..");
const triple = "x86_64-unknown-linux-gnu";
const target = join(resolve(root, process.env.CARGO_TARGET_DIR ?? "target"), "images");

/** Crate of each image. */
const images = { wasm: "twinwall-image-kvm", echo: "twinwall-image-echo" };

// Code lies at the addresses of the linker script. Messages of panics name source files: they say where in the
// project or registry, not where on the machine that built them.
function rustFlags() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  return [
    "-Crelocation-model=static",
    `--remap-path-prefix=${cargoHome}=cargo`,
    `--remap-path-prefix=${root}=twinwall`,
  ];
}

function build() {
  const crates = Object.values(images).flatMap((crate) => ["-p", crate]);
  const environment = { ...process.env, CARGO_ENCODED_RUSTFLAGS: rustFlags().join("\u001f") };
  delete environment.RUSTFLAGS;
  const options = ["--locked", "--profile", "image", "--target", triple, "--target-dir", target];
  execFileSync("cargo", ["build", ...options, ...crates], { cwd: root, stdio: "inherit", env: environment });
}

/** Replaces a file in one step: a program that reads it sees the old or the new one. */
function install(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

build();
for (const [name, crate] of Object.entries(images)) {
  const built = join(target, triple, "image", crate);
  const bytes = readFileSync(built);
  const segments = checkImage(bytes);
  for (const directory of ["artifacts", "dist"]) {
    install(built, join(packageDirectory, directory, "images", `${name}.elf`));
  }
  const sizes = segments.map((segment) => `${segment.access} ${segment.bytes}`).join(", ");
  console.log(`images/${name}.elf: ${bytes.length} bytes (${sizes})`);
}
