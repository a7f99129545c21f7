import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Sandbox, TwinwallError } from "@twinwall/sandbox";
import { echoFile, measureEcho } from "./echo-report.js";
import { PAYLOAD_SIZES, pieces, randomPayload, verify } from "./payloads.js";
import { runPrograms } from "./programs.js";
import { openV8Echo } from "./v8-echo.js";

const GUEST = new URL("../artifacts/echo.wasm", import.meta.url);
const OWN_README = fileURLToPath(new URL("../README.md", import.meta.url));

process.exitCode = await main(process.argv.slice(2).filter((word) => word !== "--"));

async function main(words: readonly string[]): Promise<number> {
  if (words.length > 1 || words[0]?.startsWith("-")) {
    print("usage: npm start -- [FILE]   sends FILE through the guest, byte for byte");
    return words[0] === "--help" ? 0 : 2;
  }
  try {
    await demonstrate(words[0] ?? OWN_README);
    return 0;
  } catch (error) {
    process.stderr.write(`echo: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function demonstrate(path: string): Promise<void> {
  const module = new Uint8Array(await readFile(GUEST));
  const file = new Uint8Array(await readFile(path));
  const reason = await whyNoMachine(module);
  if (reason !== undefined) return withoutMachine(reason, module, path, file);
  print(`A guest function in a micro-VM, called from TypeScript (Node ${process.version}).\n`);
  print(await measureEcho(module));
  print("\nEvery byte of every answer was compared with what was sent.\n");
  const milliseconds = await echoFile(module, file);
  print(
    `${basename(path)}: ${file.length} bytes there and back in ${milliseconds.toFixed(1)} ms, all equal.`,
  );
  const reports = await runPrograms();
  if (reports.length > 0)
    print(`\nUnmodified WASI programs, each in a micro-VM of its own:\n\n${reports.join("\n\n")}`);
}

/** Tries to get a micro-VM; says why there is none. TWINWALL_MACHINE can ask for another machine. */
async function whyNoMachine(module: Uint8Array): Promise<string | undefined> {
  try {
    using sandbox = await Sandbox.create({ module });
    return sandbox.machine === "kvm" ? undefined : sandbox.machineReason;
  } catch (error) {
    if (error instanceof TwinwallError && error.code === "E_NO_MACHINE") return error.rawMessage;
    throw error;
  }
}

/** The same guest and the same checks in Node's own WebAssembly engine, and no table: it would compare nothing. */
function withoutMachine(
  reason: string,
  module: Uint8Array<ArrayBuffer>,
  path: string,
  file: Uint8Array,
): void {
  print("NOTICE: there is no micro-VM here, so the guest runs in Node's own WebAssembly engine instead:");
  print("one wall, not two, and no latencies worth showing.");
  print(`  ${reason}\n`);
  const echo = openV8Echo(module);
  for (const size of PAYLOAD_SIZES) {
    const payload = randomPayload(size);
    verify(payload, echo(payload));
  }
  for (const piece of pieces(file)) verify(piece, echo(piece));
  print(
    `Payloads of ${PAYLOAD_SIZES.join(", ")} B and ${basename(path)} (${file.length} bytes) came back unchanged.`,
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
