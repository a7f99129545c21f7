import { fileURLToPath } from "node:url";

/** This package's folder, without a slash at its end. */
export const packageDirectory = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** The repository's root. */
export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** Where built modules and their manifest go; ignored by git. */
export const artifacts = `${packageDirectory}/artifacts`;

/** Cargo's and clang's intermediate files. */
export const target = `${root}/target/programs`;
