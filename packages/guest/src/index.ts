import { fileURLToPath } from "node:url";

function packagePath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** Absolute path of the folder that `twinwall.h` lies in, for `clang -I`. */
export const includeDirectory: string = packagePath("c");

/** Absolute path of the crate `twinwall-guest`, for `path = …` in a `Cargo.toml`. */
export const crateDirectory: string = packagePath("rust");

/** Absolute path of the options for AssemblyScript's compiler, for `asc --config`. */
export const assemblyScriptConfig: string = packagePath("assemblyscript/asconfig.json");
