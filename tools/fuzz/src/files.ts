// Where things lie: this file is bundled to `dist/`, which is as deep as `src/`.

/** Folder of the packages. */
export const packages = new URL("../../../packages/", import.meta.url);

/** Folder of the inputs, a folder for each target. */
export const corpora = new URL("../corpus/", import.meta.url);

/** Folder of what was found; not in the repository. */
export const findings = new URL("../../../.cache/fuzz/", import.meta.url);

/** Root of the repository. */
export const root = new URL("../../../", import.meta.url);
