/**
 * The same as the full entry, but it brings neither image nor compiler: a page that loads both by itself calls
 * {@link provideImage} and gives each sandbox its compiler.
 *
 * @module
 */

export { type BootOptions, bootNativeImage, bootSnapshot, isCommand, isRun } from "./boot.js";
export { chooseDriver, type DriverChoice, type MachineChoice } from "./driver-choice.js";
export { type FileTree, packFiles } from "./file-tree.js";
export { type ImageName, loadImage, provideImage } from "./images.js";
export { type LoadedModule, type LoadOptions, loadModule, moduleOf } from "./module.js";
export type { ModuleCompiler } from "./process-compiler.js";
export { loadSnapshot, type ReadSnapshot, readSnapshot, writeSnapshot } from "./saved/snapshot-bytes.js";
export type { SnapshotLease } from "./snapshot-store.js";
