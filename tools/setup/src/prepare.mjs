import { ensureDebianPackages } from "./debian.mjs";
import { ensureEnvoy } from "./envoy.mjs";
import { checkNode } from "./node.mjs";
import { ensurePnpm, installPackages } from "./pnpm.mjs";
import { ensureRust } from "./rust.mjs";

/**
 * Brings the machine to the point where turbo can build what a command needs. Quick where nothing is to be done.
 * @param {"start" | "test" | "envoy-echo"} command
 */
export function prepare(command) {
  checkNode();
  // The tests need all that is needed anywhere; what is shown needs what builds it.
  ensureDebianPackages(command === "test" ? "test" : "start");
  if (command !== "start") ensureEnvoy();
  ensureRust();
  ensurePnpm();
  installPackages();
}
