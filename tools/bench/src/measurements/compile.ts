import { type CompilerOptions, createCompiler } from "@twinwall/compiler";
import type { Bench } from "../bench.js";
import { timeEachAsync } from "../interleave.js";
import { judge, type Row } from "../row.js";
import { summarize } from "../statistics.js";

const LIMIT_NS = 1e9;

/** Neither the cache nor the native program: the compiler in its Worker is what is measured. */
const IN_WORKER: CompilerOptions = { cacheDirectory: false, nativeProgram: false };

/** How long a module of about 150 KB takes in a Worker that has compiled before. */
export async function measureCompile(bench: Bench, module: Uint8Array): Promise<Row> {
  bench.progress(`compile ${module.length} bytes`);
  const compiler = createCompiler(IN_WORKER);
  const once = async (): Promise<void> => {
    await compiler.compile(module, { machine: "kvm", fuel: false });
  };
  try {
    // Node tiers the compiler up while it works.
    await timeEachAsync(3, once);
    const { count, median, p99 } = summarize([
      ...(await timeEachAsync(Math.max(5, bench.effort.rounds / 5), once)),
    ]);
    return judge({
      id: "compile",
      what: `compile ${Math.round(module.length / 1000)} KB in a warm Worker`,
      unit: "ns",
      samples: count,
      value: median,
      p99,
      goal: "≤ 1 s",
      limit: LIMIT_NS,
    });
  } finally {
    await compiler.close();
  }
}
