import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { type MachineName, showText, TwinwallError } from "@twinwall/abi";
import { createCompiler, inspectArtifact } from "@twinwall/compiler";
import { chooseDriver, loadImage } from "@twinwall/runtime";
import { testDirtyLog } from "@twinwall/vmm-kvm";
import { describeCache } from "../doctor/cache.js";
import { type Check, check } from "../doctor/check.js";
import { describeCpu } from "../doctor/cpu.js";
import { checkSplitLocks } from "../doctor/split-locks.js";
import { ExitStatus } from "../failure.js";
import { writeLine } from "../streams.js";

/** Options of `twinwall doctor`. */
export interface DoctorFlags {
  readonly json?: boolean;
}

/** The smallest module there is: a header and nothing else. */
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

const MARKS = { ok: "ok     ", missing: "missing", warning: "WARNING", problem: "PROBLEM" } as const;

/** Looks at everything that Twinwall needs; the exit status is 0 when modules can run here. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const machine = await chosenMachine();
  const checks = [
    machine.check,
    await check("kvm", async () => (await chooseDriver("kvm")).driver.description, "missing"),
    await check("process wall", describeProcessWall, "missing"),
    await check("soft", async () => (await chooseDriver("soft")).driver.description),
    await check("dirty log", () => testDirtyLog(), "missing"),
    // What only KVM needs is no problem where there is none.
    await check("processor", () => describeCpu(), machine.name === "kvm" ? "problem" : "missing"),
    checkSplitLocks(machine.name === "kvm"),
    await check(
      "image kvm",
      () => describeImage("wasm", "kvm"),
      machine.name === "kvm" ? "problem" : "missing",
    ),
    await check("image soft", () => describeImage("wasm", "soft")),
    await check("image echo", () => describeImage("echo", "kvm"), "missing"),
    await check("compiler", describeCompiler),
    await check("cache", describeCacheState),
    {
      name: "node",
      status: "ok",
      detail: `${process.version} on ${process.platform} ${process.arch}`,
    } as const,
  ];
  const ok = checks.every(({ status }) => status !== "problem");
  writeLine(1, flags.json ? JSON.stringify({ ok, machine: machine.name, checks }) : formatChecks(checks, ok));
  return ok ? ExitStatus.Success : ExitStatus.Failure;
}

/** The machine that `auto`, or TWINWALL_MACHINE, comes to. */
async function chosenMachine(): Promise<{ name: string | null; check: Check }> {
  let name: string | null = null;
  const result = await check("machine", async () => {
    const { driver, reason } = await chooseDriver();
    name = driver.machine;
    // What the driver found has a line of its own.
    return reason.replace(` (${driver.description})`, "");
  });
  return { name, check: result };
}

/** Whether machines can stand in worker processes that may do nothing else. */
async function describeProcessWall(): Promise<string> {
  const { driver } = await chooseDriver("kvm", "process");
  // What it found of the machine has a line of its own.
  const machine = (await chooseDriver("kvm", "none")).driver;
  return driver.description.replace(`${machine.description}; `, "");
}

function describeImage(name: "wasm" | "echo", machine: MachineName): string {
  return `${loadImage(name, machine).length} bytes`;
}

/** Compiles something for real, past the cache. */
async function describeCompiler(): Promise<string> {
  const compiler = createCompiler({ cacheDirectory: false, nativeProgram: false });
  try {
    const { bytes } = await compiler.compile(EMPTY_MODULE, { machine: "kvm", fuel: false });
    return inspectArtifact(bytes).compiler;
  } finally {
    await compiler.close();
  }
}

/** A compilation through the cache finds out whether the directory can be trusted and used. */
async function describeCacheState(): Promise<string> {
  const compiler = createCompiler();
  try {
    await compiler.compile(EMPTY_MODULE, { machine: "kvm", fuel: false });
    const { fromCache } = await compiler.compile(EMPTY_MODULE, { machine: "kvm", fuel: false });
    const directory = cacheDirectory();
    if (fromCache) return await describeCache(directory);
    throw new TwinwallError(
      "E_OPTION",
      `${directory} keeps nothing: free some space there, or make it writable`,
    );
  } finally {
    await compiler.close();
  }
}

/** Where the compiler keeps its cache. */
function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment["TWINWALL_CACHE_DIR"];
  if (named) return resolve(named);
  const user = environment["XDG_CACHE_HOME"];
  return join(user !== undefined && isAbsolute(user) ? user : join(homedir(), ".cache"), "twinwall");
}

function formatChecks(checks: readonly Check[], ok: boolean): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail }) => {
    const [first = "", ...more] = detail
      .trimEnd()
      .split("\n")
      .map((line) => showText(line));
    const indent = " ".repeat(MARKS[status].length + width + 4);
    return [`${MARKS[status]}  ${name.padEnd(width)}  ${first}`, ...more.map((line) => indent + line)];
  });
  return [
    ...lines,
    ok ? "Modules can run here." : "Modules cannot run here; see the lines marked PROBLEM.",
  ].join("\n");
}
