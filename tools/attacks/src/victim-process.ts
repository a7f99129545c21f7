// The process in which one attack runs: if it dies, the machine did not survive. Started by `spawn.ts`.
import type { MachineName } from "@twinwall/abi";
import { attacks } from "./list.js";
import { runHere } from "./run.js";

const [id, machine, tries, seed] = process.argv.slice(2);
const attack = attacks.find((one) => one.id === id);
if (attack === undefined) throw new Error(`no attack is called ${id}`);
const result = await runHere(attack, machine as MachineName, Number(tries), Number(seed));
// Machines that were left running would keep the process; whoever waits has the result now.
process.send?.(result, () => process.exit(0));
