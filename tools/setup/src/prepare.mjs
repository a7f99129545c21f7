import { ensureDebianPackages } from "./debian.mjs";
import { checkNode } from "./node.mjs";
import { ensurePnpm, installPackages } from "./pnpm.mjs";
import { ensureRust } from "./rust.mjs";

/**
 * Brings the machine to the point where turbo can build what a command needs. Quick where nothing is to be done.
 * @param {"start" | "test"} command
 */
export function prepare(command) {
  checkNode();
  ensureDebianPackages(command);
  ensureRust();
  ensurePnpm();
  installPackages();
}
