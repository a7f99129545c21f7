/**
 * Twinwall machines without a hypervisor: a WebAssembly instance of the host's own engine.
 *
 * @module
 */

export { openSoftDriver } from "./driver.js";
