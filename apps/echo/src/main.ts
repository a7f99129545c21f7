import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type MachineName, Sandbox } from "@twinwall/sandbox";
import { echoFile, measureEcho } from "./echo-report.js";
import { runPrograms } from "./programs.js";

const GUEST = new URL("../artifacts/echo.wasm", import.meta.url);
const OWN_README = fileURLToPath(new URL("../README.md", import.meta.url));

// A reader that has seen enough (`| head`) is no failure, and there is nobody left to tell anything.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

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
  const machine = await introduce(module);
  print(await measureEcho(module, machine === "kvm" ? ["kvm", "soft"] : ["soft"]));
  const milliseconds = await echoFile(module, file, machine);
  print(
    `\n${basename(path)}: ${file.length} bytes there and back in ${milliseconds.toFixed(1)} ms on ${machine}, all equal.`,
  );
  const reports = await runPrograms(machine);
  if (reports.length === 0) return;
  print(`\nUnmodified WASI programs, each in a machine of its own (${machine}):\n\n${reports.join("\n\n")}`);
}

/**
 * Says on which machine the guest runs, and returns it: that of `TWINWALL_MACHINE`, else KVM where it opens. Where it
 * does not, the line says why.
 */
async function introduce(module: Uint8Array): Promise<MachineName> {
  using sandbox = await Sandbox.create({ module });
  const { machine, machineReason } = sandbox;
  const where = machine === "kvm" ? "in a micro-VM" : "on the soft machine";
  print(`A guest function ${where}, called from TypeScript (Node ${process.version}).`);
  print(machine === "kvm" ? "" : `Machine: ${machineReason}.\n`);
  return machine;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
