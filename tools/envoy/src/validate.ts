import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { type EnvoyConfiguration, writeConfiguration } from "./configuration.js";
import { envoyPath } from "./find.js";
import { LogLines } from "./log-lines.js";
import { within } from "./wait.js";

/** What `envoy --mode validate` said. */
export interface Validation {
  readonly ok: boolean;
  /** Everything that it wrote. */
  readonly output: string;
}

/** How a configuration is validated. */
export interface ValidateOptions {
  /** Added to this process's environment, such as `ENVOY_DYNAMIC_MODULES_SEARCH_PATH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Words in front of Envoy's, such as those that hide a device from it. Default: none. */
  readonly launcher?: readonly string[];
  /** Default 20,000. */
  readonly timeoutMs?: number;
}

/** Lets Envoy check a configuration without running it. Modules that it names are loaded. */
export async function validate(
  configuration: EnvoyConfiguration,
  options: ValidateOptions = {},
): Promise<Validation> {
  const { folder, file } = await writeConfiguration(configuration);
  const [program = envoyPath(), ...args] = [
    ...(options.launcher ?? []),
    envoyPath(),
    ...["--mode", "validate", "-c", file, "--log-level", "warning"],
  ];
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const log = new LogLines(child.stdout, child.stderr);
  try {
    const code = await within(
      "envoy --mode validate",
      options.timeoutMs ?? 20_000,
      new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve)),
    );
    return { ok: code === 0, output: log.tail(Number.POSITIVE_INFINITY) };
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}
