import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { createCompiler } from "@twinwall/compiler";
import type { ConnectionOptions } from "@twinwall/envoy";
import type { GuestName } from "./options.js";

// By name, since a bundle lies elsewhere than its source.
const require = createRequire(import.meta.url);
const artifacts = join(dirname(require.resolve("@twinwall/app-envoy-echo/package.json")), "artifacts");

/** The guest as it was built. */
const MODULE = join(artifacts, "envoy-echo.wasm");
/** The same, compiled for KVM: Envoy has no compiler. */
const COMPILED = join(artifacts, "envoy-echo.cwasm");

/**
 * Longest that a call may take; Envoy waits a little longer for the service. The default is `"50ms"`: a worker waits meanwhile,
 * but a computer that is busy with something else must not look like a guest that hangs.
 */
export const DEADLINE = "1s";

/** What both ways share: the guest keeps its state as long as its connection lives, and sees what clients send. */
const SHARED = {
  state: "connection",
  directions: "read",
  limits: { memory: "1MiB", deadline: DEADLINE },
} as const satisfies ConnectionOptions;

/** What the guest of this project is asked to do besides echoing; `guest/src/behaviour.rs` has the words. */
const BEHAVIOUR = { init: "count greet trap", counters: ["bytes"] } as const;

/** Options of the filter that runs the guest in Envoy's process. Compiles the guest where it has to be. */
export async function inProcessOptions(guest: GuestName): Promise<ConnectionOptions> {
  if (guest === "native") return { ...SHARED, machine: "kvm", module: nativeImage() };
  return { ...SHARED, ...BEHAVIOUR, machine: "kvm", module: await compileGuest() };
}

/**
 * Options of the service that runs the guest beside Envoy: on the machine that `TWINWALL_MACHINE` names, else on KVM
 * where it is.
 */
export function extProcOptions(): ConnectionOptions {
  const machine = process.env["TWINWALL_MACHINE"] || "auto";
  if (machine !== "auto" && machine !== "kvm" && machine !== "soft") {
    throw new TwinwallError(
      "E_OPTION",
      `TWINWALL_MACHINE: "${machine}" is no machine; there are auto, kvm and soft`,
    );
  }
  return { ...SHARED, ...BEHAVIOUR, machine, module: MODULE };
}

/** `twinwall compile envoy-echo.wasm -o envoy-echo.cwasm --machine kvm` does the same. */
async function compileGuest(): Promise<string> {
  const compiler = createCompiler();
  try {
    const module = new Uint8Array(await readFile(MODULE));
    const { bytes } = await compiler.compile(module, { machine: "kvm", fuel: false });
    const temporary = `${COMPILED}.${randomUUID()}`;
    await writeFile(temporary, bytes);
    await rename(temporary, COMPILED);
    return COMPILED;
  } finally {
    await compiler.close();
  }
}

/** An image without WebAssembly in it, which echoes. */
function nativeImage(): string {
  return join(dirname(require.resolve("@twinwall/runtime/package.json")), "artifacts/images/echo.elf");
}
