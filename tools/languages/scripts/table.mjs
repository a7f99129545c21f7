// Prints what each language costs: the table of the README. `npm start` in this package, on a quiet machine.
import { readFileSync } from "node:fs";
import { Sandbox } from "@twinwall/sandbox";
import { guestModule, guestProblem, openCompiler, openGuest } from "./guest.mjs";
import { languages } from "./languages.mjs";

const ROUNDS = 40;
const ECHO = new URL("../../../apps/echo/artifacts/echo.wasm", import.meta.url);

/** @param {number} count @param {() => unknown} once */
function time(count, once) {
  const start = performance.now();
  for (let index = 0; index < count; index += 1) once();
  return ((performance.now() - start) / count) * 1000;
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

const machine = process.argv[2] === "soft" ? "soft" : "kvm";
const compiler = openCompiler();
const floor = await Sandbox.create({ module: readFileSync(ECHO), machine, compiler });
const bytes = floor.session();
console.log("| language | built with | module | call in a session | clean slate | writable |");
console.log("| --- | --- | ---: | ---: | ---: | ---: |");
for (const { name, title, needs } of languages) {
  const problem = guestProblem(name);
  if (problem !== undefined) {
    console.log(`| ${title} | ${needs} | ${problem} | | | |`);
    continue;
  }
  const sandbox = await openGuest(name, machine, compiler);
  const other = await openGuest(name, machine, compiler);
  const session = sandbox.session();
  /** @type {{ floor: number[], session: number[], clean: number[] }} */
  const samples = { floor: [], session: [], clean: [] };
  const input = new Uint8Array(8);
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.floor.push(time(50, () => bytes.callBytes("echo", input)));
    samples.session.push(time(50, () => session.call("add", 2, 3)));
    samples.clean.push(time(5, () => other.call("add", 2, 3)));
  }
  const [base, inSession, clean] = [median(samples.floor), median(samples.session), median(samples.clean)];
  const size = `${Math.ceil(guestModule(name).length / 1024)} KiB`;
  const writable = `${Math.ceil(other.stats().writableBytes / 1024)} KiB`;
  const shown = `${inSession.toFixed(0)} µs (${(inSession / base).toFixed(1)} ×) | ${clean.toFixed(0)} µs`;
  console.log(`| ${title} | ${needs} | ${size} | ${shown} | ${writable} |`);
  session.finish();
  sandbox.close();
  other.close();
}
console.log(`\nOn ${machine}; × is relative to callBytes of 8 bytes in a session, in the same rounds.`);
bytes.finish();
floor.close();
await compiler.close();
