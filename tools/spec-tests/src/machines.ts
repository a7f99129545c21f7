import { fileURLToPath } from "node:url";
import { type MachineName, TwinwallError } from "@twinwall/abi";
import { type Compiler, createCompiler } from "@twinwall/compiler";
import { chooseDriver } from "@twinwall/runtime";

/** Why there is no such machine here; `undefined` where there is one. */
export async function machineProblem(machine: MachineName): Promise<string | undefined> {
  try {
    await chooseDriver(machine);
    return undefined;
  } catch (error) {
    const { code, rawMessage } = TwinwallError.from(error);
    if (code === "E_NO_MACHINE") return rawMessage;
    throw error;
  }
}

/** The compiler of all modules for a machine; its cache is apart from the user's. */
export function openCompiler(machine: MachineName): Compiler {
  return createCompiler({
    cacheDirectory: fileURLToPath(new URL(`../.cache/compiled/${machine}`, import.meta.url)),
  });
}
