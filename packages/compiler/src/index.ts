/**
 * Wasm to code for Twinwall guests: Cranelift in a Worker, under a deadline, in front of it a cache on disk.
 *
 * @module
 */

export { type ArtifactFacts, inspectArtifact } from "./artifact.js";
export { type CompiledModule, type CompileOptions, type Compiler, createCompiler } from "./compiler.js";
export type { CompilerOptions } from "./options.js";
