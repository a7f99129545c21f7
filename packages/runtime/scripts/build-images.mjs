// Builds the images: `artifacts/images/wasm.elf` and `echo.elf` of the KVM machine, `wasm.wasm` of the soft machine,
// with copies in `dist/images`.
//
// Images are freestanding, so they need flags of their own and with them a target directory of their own:
// a change of flags makes cargo build every dependency anew.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkImage } from "./check-image.mjs";
import { finishSoftImage } from "./soft-image.mjs";

const packageDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
const root = resolve(packageDirectory, "../..");
const triple = "x86_64-unknown-linux-gnu";
const target = join(resolve(root, process.env.CARGO_TARGET_DIR ?? "target"), "images");

/** Crate of each image of the KVM machine. */
const kvmImages = { wasm: "twinwall-image-kvm", echo: "twinwall-image-echo" };

const softTriple = "wasm32-unknown-unknown";

// Messages of panics name source files: they say where in the
// project or registry, not where on the machine that built them.
function rustFlags() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  return [`--remap-path-prefix=${cargoHome}=cargo`, `--remap-path-prefix=${root}=twinwall`];
}

function build(crates, triple, flags) {
  const environment = { ...process.env, CARGO_ENCODED_RUSTFLAGS: [...flags, ...rustFlags()].join("\u001f") };
  delete environment.RUSTFLAGS;
  const options = ["--locked", "--profile", "image", "--target", triple, "--target-dir", target];
  const packages = crates.flatMap((crate) => ["-p", crate]);
  execFileSync("cargo", ["build", ...options, ...packages], {
    cwd: root,
    stdio: "inherit",
    env: environment,
  });
}

/** Writes a file in one step: a program that reads it sees the old or the new one. */
function install(bytes, name) {
  for (const directory of ["artifacts", "dist"]) {
    const to = join(packageDirectory, directory, "images", name);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(`${to}.new`, bytes);
    renameSync(`${to}.new`, to);
  }
}

function buildKvmImages() {
  // Code lies at the addresses of the linker script.
  build(Object.values(kvmImages), triple, ["-Crelocation-model=static"]);
  for (const [name, crate] of Object.entries(kvmImages)) {
    const bytes = readFileSync(join(target, triple, "image", crate));
    const segments = checkImage(bytes);
    install(bytes, `${name}.elf`);
    const sizes = segments.map((segment) => `${segment.access} ${segment.bytes}`).join(", ");
    console.log(`images/${name}.elf: ${bytes.length} bytes (${sizes})`);
  }
}

function buildSoftImage() {
  build(["twinwall-image-soft"], softTriple, []);
  const built = readFileSync(join(target, softTriple, "image/twinwall_image_soft.wasm"));
  const { image, writableBytes } = finishSoftImage(built, root, process.env.TWINWALL_IMAGE_NAMES === "1");
  install(image, "wasm.wasm");
  console.log(`images/wasm.wasm: ${image.length} bytes (${writableBytes} writable)`);
}

buildKvmImages();
buildSoftImage();
