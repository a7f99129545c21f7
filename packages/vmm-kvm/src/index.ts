/**
 * Twinwall machines on KVM.
 *
 * @module
 */

export { countInstructions, measureBareMachine, measureFloor, openKvmDriver } from "./driver.js";
export { hostProblem } from "./host.js";
export { splitLockDanger } from "./split-locks.js";
