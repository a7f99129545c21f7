/**
 * Images, compiled modules, and the choice of a machine.
 *
 * @module
 */

import { createCompiler } from "@twinwall/compiler";
import { images } from "#runtime/images";
import { setImageSource } from "./images.js";
import { setCompilerFactory } from "./process-compiler.js";

setImageSource(images);
setCompilerFactory(createCompiler);

export * from "./slim.js";
