/**
 * Twinwall machines on KVM.
 *
 * @module
 */

export {
  countInstructions,
  measureBareMachine,
  measureFloor,
  openKvmDriver,
  openWalledKvmDriver,
  testDirtyLog,
} from "./driver.js";
export { hostProblem } from "./host.js";
export { splitLockDanger } from "./split-locks.js";
