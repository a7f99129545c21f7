export { compileSample, type Kernel, kernels } from "./kernels.js";
export { type Program, program, programNames, programPath, programProblem } from "./programs.js";
export { type ExpectedOutput, type ProgramVector, programVectors } from "./vectors.js";
