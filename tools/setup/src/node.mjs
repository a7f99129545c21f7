import { SetupError } from "./problem.mjs";

/** Node releases below this lack what the packages use (`engines` of every package says the same). */
const oldest = { major: 20, minor: 19 };

/** @param {string} version such as `v20.19.0` */
export function isNodeNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}

export function checkNode() {
  if (isNodeNewEnough(process.version)) return;
  throw new SetupError({
    what: `Node ${oldest.major}.${oldest.minor} or newer (this is ${process.version})`,
    why: "everything here runs on it",
    type: "apt-get install nodejs npm (Debian 13 or newer), or see https://nodejs.org/en/download",
  });
}
