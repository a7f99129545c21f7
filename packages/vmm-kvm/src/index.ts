/**
 * Twinwall machines on KVM.
 *
 * @module
 */

export { measureBareMachine, measureFloor, openKvmDriver } from "./driver.js";
