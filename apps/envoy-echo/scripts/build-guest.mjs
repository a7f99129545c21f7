// Builds the guest (guest/) to WebAssembly and puts it where the program reads it: artifacts/envoy-echo.wasm.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const guest = fileURLToPath(new URL("../guest/", import.meta.url));
const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

execFileSync("cargo", ["build", "--release", "--locked", "--quiet", "--target-dir", `${guest}target`], {
  cwd: guest,
  stdio: "inherit",
});
mkdirSync(artifacts, { recursive: true });
copyFileSync(
  `${guest}target/wasm32-unknown-unknown/release/envoy_echo_guest.wasm`,
  `${artifacts}envoy-echo.wasm`,
);
