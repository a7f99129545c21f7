import { fileURLToPath } from "node:url";

/** The repository's root, without a slash at its end. */
export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** Own Cargo target directory: other flags than those of a plain `cargo test`, and no wait for its lock. */
export const targetDirectory = `${root}/target/stock-kvm`;

/** Images of the guest runtime, where they have been built: the packed form first. */
export const imageDirectories = ["dist", "artifacts"].map(
  (name) => `${root}/packages/runtime/${name}/images`,
);

/** Where the summary of all runners looks for this one's results. */
export const reportFile = `${root}/tools/stock-kvm/.reports/stock-kvm.json`;
