/**
 * The same without the compiler's WebAssembly module: the caller brings it.
 *
 * @module
 */

export { type ArtifactFacts, inspectArtifact } from "./artifact.js";
export type { CompiledModule, CompileOptions, Compiler } from "./compiler.js";
export type { CompilerSource, CompilerWasm } from "./compiler-source.js";
export { createCompiler, type SlimCompilerOptions } from "./create-slim.js";
export type { DescribeWitOptions, WitDescription } from "./describe-wit.js";
export type { CompilerOptions } from "./options.js";
export { describeWit, type SlimDescribeWitOptions } from "./wit-slim.js";
