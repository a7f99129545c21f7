import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toolEnvironment } from "./environment.mjs";
import { root } from "./paths.mjs";
import { SetupError } from "./problem.mjs";
import { capture, run } from "./run.mjs";

/**
 * What `rust-toolchain.toml` asks for.
 * @param {string} text
 */
export function parseToolchain(text) {
  const channel = /^channel\s*=\s*"([^"]+)"/m.exec(text)?.[1];
  if (!channel) throw new Error("rust-toolchain.toml: no channel");
  return { channel, components: stringList(text, "components"), targets: stringList(text, "targets") };
}

/**
 * @param {string} text
 * @param {string} key
 */
function stringList(text, key) {
  const list = new RegExp(`^${key}\\s*=\\s*\\[([^\\]]*)\\]`, "m").exec(text)?.[1] ?? "";
  return [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
}

/** Checks that the pinned toolchain and its targets are there; asks rustup for what is not. */
export function ensureRust() {
  const wanted = parseToolchain(readFileSync(join(root, "rust-toolchain.toml"), "utf8"));
  const env = toolEnvironment();
  const hasRustup = capture("rustup", ["--version"], { env }).status === 0;
  if (!compilerMatches(wanted.channel, env)) installToolchain(wanted, hasRustup, env);
  for (const target of wanted.targets) {
    if (!hasTarget(target, env)) installTarget(target, hasRustup, env);
  }
}

/**
 * @param {string} channel
 * @param {NodeJS.ProcessEnv} env
 */
function compilerMatches(channel, env) {
  const { status, stdout } = capture("rustc", ["--version"], { env });
  return status === 0 && stdout.startsWith(`rustc ${channel} `);
}

/**
 * @param {ReturnType<typeof parseToolchain>} wanted
 * @param {boolean} hasRustup
 * @param {NodeJS.ProcessEnv} env
 */
function installToolchain({ channel, components }, hasRustup, env) {
  const why = "the machine monitor, the guest images and the compiler are written in Rust";
  if (!hasRustup) {
    const type = `curl --proto '=https' -sSf https://sh.rustup.rs | sh -s -- -y --default-toolchain ${channel}`;
    throw new SetupError({ what: `Rust ${channel}`, why, type });
  }
  const args = [
    "toolchain",
    "install",
    channel,
    "--no-self-update",
    "--profile",
    "minimal",
    "--component",
    components.join(","),
  ];
  if (run("rustup", args, { env }) !== 0 || !compilerMatches(channel, env)) {
    throw new SetupError({ what: `Rust ${channel}`, why, type: `rustup ${args.join(" ")}` });
  }
}

/**
 * A target is there when its library directory is; this holds with rustup and without.
 * @param {string} target
 * @param {NodeJS.ProcessEnv} env
 */
function hasTarget(target, env) {
  const { status, stdout } = capture("rustc", ["--print", "target-libdir", "--target", target], { env });
  return status === 0 && existsSync(stdout.trim());
}

/**
 * @param {string} target
 * @param {boolean} hasRustup
 * @param {NodeJS.ProcessEnv} env
 */
function installTarget(target, hasRustup, env) {
  const added = hasRustup && run("rustup", ["target", "add", target], { env }) === 0;
  if (added && hasTarget(target, env)) return;
  throw new SetupError({
    what: `Rust target ${target}`,
    why: "the compiler and the guest programs are built for it",
    type: hasRustup
      ? `rustup target add ${target}`
      : `see https://rustup.rs, then: rustup target add ${target}`,
  });
}
