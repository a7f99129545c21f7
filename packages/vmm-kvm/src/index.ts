/**
 * Twinwall machines on KVM.
 *
 * @module
 */

export { countInstructions, measureBareMachine, measureFloor, openKvmDriver } from "./driver.js";
export { hostProblem } from "./host.js";
