import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { createCompiler } from "@twinwall/compiler";
import { Sandbox } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { assertEnding, checkCode, type Ending, endingOf } from "../check.js";
import { malformedModules } from "../malformed.js";
import { scalarModule } from "../modules.js";
import type { Random } from "../random.js";
import { driverOf, hostileImage } from "../victims/index.js";
import { bootHostile } from "../victims/victim.js";

const refusals: readonly Ending[] = [
  "E_BAD_MODULE",
  "E_UNSUPPORTED",
  "E_MEMORY",
  "E_TRAP",
  "E_DEADLINE",
  "E_LIMIT",
  "E_IMPORT",
];

async function run(context: Context): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "twinwall-attacks-"));
  const compiler = createCompiler({ cacheDirectory: join(directory, "cache") });
  try {
    return (await modules(context, compiler)) + (await compiled(context, compiler)) + images(context);
  } finally {
    await compiler.close();
    rmSync(directory, { recursive: true });
  }
}

type Compiler = ReturnType<typeof createCompiler>;

/** Modules made to break a loader, and a good one with bytes changed. */
async function modules({ machine, tries, random }: Context, compiler: Compiler): Promise<number> {
  const create = async (module: Uint8Array): Promise<void> => {
    const sandbox = await Sandbox.create({
      module,
      machine,
      compiler,
      limits: { deadline: "300ms", memory: "4MiB" },
    });
    sandbox.close();
  };
  const listed = malformedModules();
  for (const { name, module, mayRun } of listed) {
    const ending = await endingOf(() => create(module));
    assertEnding(ending, mayRun ? [...refusals, "OK"] : refusals, name);
  }
  const good = scalarModule();
  const rounds = 40 * tries;
  for (let round = 0; round < rounds; round += 1)
    assertEnding(
      await endingOf(() => create(changed(good, random))),
      [...refusals, "OK"],
      "a changed module",
    );
  await using sandbox = await Sandbox.create({ module: good, machine, compiler });
  assert.equal(sandbox.call("add", 40, 2), 42);
  return listed.length + rounds;
}

/** Compiled code that somebody else wrote into: never run. */
async function compiled({ machine, tries, random }: Context, compiler: Compiler): Promise<number> {
  const { bytes } = await compiler.compile(scalarModule(), { machine, fuel: machine === "soft" });
  const rounds = 60 * tries;
  for (let round = 0; round < rounds; round += 1) {
    const damaged =
      round % 4 === 0 ? bytes.slice(0, 8 + random.below(bytes.length - 8)) : changed(bytes, random, 8);
    const ending = await endingOf(async () => (await Sandbox.create({ module: damaged, machine })).close());
    assertEnding(ending, ["E_BAD_MODULE"], "compiled code that was changed");
  }
  await using sandbox = await Sandbox.create({ module: bytes, machine });
  assert.equal(sandbox.call("add", 40, 2), 42);
  return rounds;
}

/** Images with bytes changed: refused, or booted and then held to the contract. */
function images({ machine, tries, random }: Context): number {
  const driver = driverOf(machine);
  const { image } = hostileImage(machine);
  const rounds = 60 * tries;
  for (let round = 0; round < rounds; round += 1) {
    // The headers more often than the rest: most of a file is code.
    const damaged = changed(image, random, 0, round % 2 === 0 ? 256 : image.length);
    try {
      bootHostile(driver, damaged, false).close();
    } catch (error) {
      assert(error instanceof TwinwallError, `an error without a code: ${String(error)}`);
      checkCode(error.code);
    }
  }
  bootHostile(driver, image, false).close();
  return rounds;
}

/** A copy with one to four bytes changed from `first` on, or a part repeated. */
function changed(bytes: Uint8Array, random: Random, first = 0, end = bytes.length): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const count = 1 + random.below(4);
  for (let index = 0; index < count; index += 1) {
    const at = first + random.below(end - first);
    copy[at] = (copy[at] ?? 0) ^ (1 + random.below(255));
  }
  return copy;
}

/** Files of the attacker's own. */
export const attack: Attack = {
  id: "malicious-module",
  title:
    "section counts, 10^6 locals, overlapping segments, LEB overflow, a looping start, damaged .cwasm and images",
  check: "refused with a typed error under the deadline and memory limit of a load; damaged code never runs",
  guarantees: ["trusted-code", "deadlines"],
  on: { kvm: run, soft: run },
  core: [
    "tests::images::what_is_not_elf_is_refused",
    "tests::images::an_ordinary_program_is_refused",
    "tests::images::damaged_files_do_not_panic",
  ],
  margin: 256,
};
