// Builds the load client (rust/tcp-load) and the plugin for Envoy's V8 filter (rust/v8-echo) into artifacts/.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const root = join(folder, "../..");
const plugin = join(folder, "rust/v8-echo");

cargo(root, ["-p", "twinwall-tool-tcp-load"]);
take(join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "release/tcp-load"), "tcp-load");

const pluginTarget = join(plugin, "target");
cargo(plugin, ["--target-dir", pluginTarget]);
take(join(pluginTarget, "wasm32-wasip1/release/v8_echo.wasm"), "v8-echo.wasm");

/**
 * @param {string} cwd
 * @param {string[]} words
 */
function cargo(cwd, words) {
  execFileSync("cargo", ["build", "--release", "--locked", "--quiet", ...words], { cwd, stdio: "inherit" });
}

/**
 * By rename: a program that runs keeps the file that it was started from.
 * @param {string} from
 * @param {string} name
 */
function take(from, name) {
  const artifacts = join(folder, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  const temporary = join(artifacts, `.${name}.${process.pid}`);
  copyFileSync(from, temporary);
  renameSync(temporary, join(artifacts, name));
}
