/**
 * Wasm to code for Twinwall guests: Cranelift in a Worker, under a deadline, in front of it a cache.
 *
 * @module
 */

export { type ArtifactFacts, inspectArtifact } from "./artifact.js";
export type { CompiledModule, CompileOptions, Compiler } from "./compiler.js";
export { createCompiler } from "./create.js";
export type { DescribeWitOptions, WitDescription } from "./describe-wit.js";
export type { CompilerOptions } from "./options.js";
export { describeWit } from "./wit.js";
