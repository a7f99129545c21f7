import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { TwinwallError } from "@twinwall/abi";

/** Options of `twinwall bench envoy-echo`. */
export interface BenchFlags {
  readonly json?: string;
  readonly svg?: string;
  readonly markdown?: string;
  readonly paths?: string;
  readonly quick?: boolean;
}

/** What the bench exports. */
interface BenchModule {
  runEnvoyEchoBench(words: readonly string[]): Promise<number>;
}

/**
 * Where the benches lie when this is a clone of the repository. They are no part of the published package: they need an
 * Envoy, other plugins and toolchains.
 */
const benchFolder = new URL("../../../tools/bench/", import.meta.url);

/** Runs the bench of the clone that this command is part of, and returns its exit status. */
export async function bench(flags: BenchFlags): Promise<number> {
  if (!(await isClone())) {
    throw new TwinwallError(
      "E_UNSUPPORTED",
      "benchmarks are part of the repository, not of this package; clone https://github.com/twinwall/twinwall, and see its tools/bench/README.md",
    );
  }
  const entry = new URL("dist/envoy-echo.js", benchFolder);
  if (!existsSync(entry)) {
    const path = fileURLToPath(benchFolder);
    throw new TwinwallError("E_UNSUPPORTED", `the benchmarks in ${path} are not built; run: npm run build`);
  }
  const { runEnvoyEchoBench } = (await import(entry.href)) as BenchModule;
  return await runEnvoyEchoBench(wordsOf(flags));
}

/** Whether the folder is what it should be: where the package is installed, anything may lie there. */
async function isClone(): Promise<boolean> {
  const text = await readFile(new URL("package.json", benchFolder), "utf8").catch(() => "null");
  const manifest = JSON.parse(text) as { name?: unknown } | null;
  return manifest?.name === "@twinwall/tool-bench";
}

/** The bench reads its own command line. */
function wordsOf({ quick, ...files }: BenchFlags): string[] {
  const words = Object.entries(files).flatMap(([name, value]: [string, unknown]) =>
    typeof value === "string" ? [`--${name}`, value] : [],
  );
  return quick === true ? [...words, "--quick"] : words;
}
