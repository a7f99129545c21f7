import type { MachineName } from "@twinwall/abi";
import { createCompiler } from "@twinwall/compiler";
import { readNamedFile, writeWhole } from "../files.js";
import { writeLine } from "../streams.js";

/** Options of `twinwall compile`. */
export interface CompileFlags {
  readonly output: string;
  readonly machine: MachineName;
  readonly fuel?: boolean;
}

/** Compiles a module to a file and returns the exit status of the process. */
export async function compile(path: string, flags: CompileFlags): Promise<number> {
  const { output, machine } = flags;
  // On the soft machine fuel is what ends a call, so code for it always counts.
  const fuel = flags.fuel === true || machine === "soft";
  const module = await readNamedFile(path);
  const compiler = createCompiler();
  try {
    const start = performance.now();
    const { bytes, fromCache } = await compiler.compile(module, { machine, fuel });
    await writeWhole(output, bytes);
    const how = fromCache ? "from the cache" : `compiled in ${Math.round(performance.now() - start)} ms`;
    writeLine(1, `${output}: ${bytes.length} bytes for ${machine}${fuel ? ", with fuel" : ""}, ${how}`);
    return 0;
  } finally {
    await compiler.close();
  }
}
