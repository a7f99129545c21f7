import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** How to run a program where `/dev/kvm` does not exist. */
export interface WithoutDevice {
  /** Words to put in front of the program's. */
  readonly prefix: readonly string[];
  /** Why that cannot be done here; `undefined` where it can. */
  readonly problem: string | undefined;
}

/** Nothing where there is no device anyway; else a mount namespace of its own, in which `/dev` is empty. */
export function withoutDevice(): WithoutDevice {
  if (!existsSync("/dev/kvm")) return { prefix: [], problem: undefined };
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const hide = 'mount -t tmpfs none /dev && exec "$@"';
  const prefix = ["unshare", ...asRoot, "--mount", "sh", "-c", hide, "sh"];
  const [program = "", ...words] = [...prefix, "true"];
  const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8", timeout: 10_000 });
  const problem = status === 0 ? undefined : `/dev/kvm cannot be hidden: ${error?.message ?? stderr.trim()}`;
  return { prefix, problem };
}
