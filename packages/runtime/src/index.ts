/**
 * Images, compiled modules, and the choice of a machine.
 *
 * @module
 */

export { type BootOptions, bootNativeImage, bootSnapshot, isCommand } from "./boot.js";
export { chooseDriver, type DriverChoice, type MachineChoice } from "./driver-choice.js";
export { type FileTree, packFiles } from "./file-tree.js";
export { type ImageName, loadImage } from "./images.js";
export { type LoadedModule, type LoadOptions, loadModule, type ModuleCompiler } from "./module.js";
export type { SnapshotLease } from "./snapshot-store.js";
