import { showName } from "@twinwall/abi";
import type { Inspection } from "./commands/inspect.js";
import type { ModuleFacts } from "./module-facts.js";

/** A module for people: what it is, what can be called, what it imports, what it lacks. */
export function formatModule(path: string, inspection: Inspection): string {
  const { functions, otherExports, imports, missing } = inspection;
  const lines = [
    `${path}: ${kindOf(inspection)}`,
    `  file      ${fileOf(inspection)}`,
    `  sha-256   ${inspection.moduleHash}`,
    `  memory    ${inspection.initialMemory / 1024} KiB at the start`,
  ];
  const section = (title: string, entries: readonly string[]): void => {
    if (entries.length > 0) lines.push(`${title}:`, ...entries.map((entry) => `  ${entry}`));
  };
  const onBytes = functions.filter(({ bytes }) => bytes);
  const onScalars = functions.filter(({ bytes, scalar }) => scalar && !bytes);
  const neither = functions.filter(({ bytes, scalar, typed }) => !scalar && !bytes && !typed);
  const show = ({ name, signature }: { name: string; signature: string }): string =>
    `${showName(name)} ${signature}`.trim();
  section("typed functions", functions.filter(({ typed }) => typed).map(show));
  section("functions on bytes", onBytes.map(show));
  section("functions on scalars", onScalars.map(show));
  section("functions that cannot be called", neither.map(show));
  section(
    "other exports",
    otherExports.map((entry) => `${entry.kind} ${show(entry)}`),
  );
  section(
    "imports",
    imports.map((entry) => `${showName(entry.module)} ${show(entry)}: ${entry.provider}`),
  );
  section("missing", missing);
  return lines.join("\n");
}

function kindOf({ command, functions }: ModuleFacts): string {
  const kinds = [
    command ? "a WASI command" : "",
    functions.some(({ typed }) => typed) ? "a component with typed functions" : "",
    functions.some(({ bytes }) => bytes) ? "functions on bytes" : "",
    functions.some(({ bytes, scalar }) => scalar && !bytes) ? "functions on scalars" : "",
  ].filter((kind) => kind !== "");
  return kinds.length === 0 ? "nothing to run" : kinds.join(", ");
}

function fileOf({ format, bytes, compiled }: Inspection): string {
  if (compiled === null) return `${format}, ${bytes} bytes`;
  const { machine, fuel, compiler } = compiled;
  return `${format}, ${bytes} bytes, for ${machine}, ${fuel ? "with" : "without"} fuel, by ${compiler}`;
}
