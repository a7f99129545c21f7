import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { MachineName } from "@twinwall/abi";
import type { Attack } from "./attack.js";
import type { Result } from "./run.js";

/** Where the built program of the other process lies. */
const program = fileURLToPath(new URL("./victim-process.js", import.meta.url));

/** How an attack is carried out. */
export interface SpawnOptions {
  readonly tries: number;
  readonly seed: number;
  /** Seconds after which the process counts as hanging. */
  readonly deadline: number;
  /** The program to run; default: the one that carries out attacks. */
  readonly program?: string;
}

/** Carries out an attack in a process of its own; one that dies, or hangs, has not survived. */
export function runElsewhere(attack: Attack, machine: MachineName, options: SpawnOptions): Promise<Result> {
  const { tries, seed, deadline } = options;
  const failed = (detail: string): Result => ({
    attack: attack.id,
    machine,
    tries: 0,
    outcome: "failed",
    detail,
  });
  return new Promise((resolve) => {
    const child = fork(options.program ?? program, [attack.id, machine, String(tries), String(seed)], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let result: Result | undefined;
    let errors = "";
    const timer = setTimeout(() => {
      result = failed(`the process was still there after ${deadline} s`);
      child.kill("SIGKILL");
    }, deadline * 1000);
    child.stderr?.on("data", (text: Buffer) => {
      errors = (errors + text.toString()).slice(-2000);
    });
    child.on("message", (message) => {
      result ??= message as Result;
    });
    child.on("error", (error) => {
      result ??= failed(error.message);
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const last = errors.trim().split("\n").at(-1) ?? "";
      resolve(result ?? failed(`the process ended with ${signal ?? `status ${status}`}: ${last}`));
    });
  });
}
