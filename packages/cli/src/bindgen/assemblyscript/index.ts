import type { World } from "@twinwall/abi";
import { unifyTypes } from "../unify.js";
import { canonicalText } from "./canonical-text.js";
import { entryText } from "./entry-text.js";
import { Handles } from "./handles.js";
import { Names } from "./names.js";
import { transformText } from "./transform-text.js";
import { Values } from "./values.js";
import { WorldText } from "./world-text.js";

const HEAD = "// Written by `twinwall bindgen`; changes will be lost.\n\n";

/**
 * The files of a guest's binding in AssemblyScript, by name:
 *
 * - `world.ts`: the world's types and what it imports; what the guest is written with;
 * - `entry.ts`: what is compiled; it calls the functions of `../guest.ts`, which is the user's;
 * - `values.ts` and `canonical.ts`: how values lie in memory;
 * - `transform.mjs`: gives the module its exports' names and its world.
 *
 * @param section The custom section `component-type` of the world, for texts in UTF-16.
 * @throws TwinwallError `E_UNSUPPORTED` for a world whose types have no names.
 */
export function assemblyScriptBinding(
  described: World,
  section: Uint8Array,
): Readonly<Record<string, string>> {
  const world = unifyTypes(described);
  const names = new Names(world);
  const handles = new Handles(names);
  const values = new Values(names, handles);
  const worldText = new WorldText(world, names, values).text();
  const entry = entryText(world, names, values, handles);
  const valuesText = `${handles.text()}\n${values.text()}`;
  const shared = exportedNames(valuesText);
  const canonical = 'import * as canonical from "./canonical";\n';
  const worldImport = 'import * as world from "./world";\n';
  const guest = 'import * as guest from "../guest";\n';
  const general = 'import { Option, Result, Unit, unit } from "./canonical";\n';
  const exported = "export { Option, Result, Unit, unit };\n";
  const file = (imports: readonly string[], text: string): string => [HEAD, ...imports, `\n${text}`].join("");
  return {
    "canonical.ts": canonicalText,
    "values.ts": file([canonical, worldImport, guest], valuesText),
    "world.ts": file([canonical, importOf(shared, worldText), guest, general], `${exported}\n${worldText}`),
    "entry.ts": file([canonical, importOf(shared, entry.text), worldImport, guest], entry.text),
    "transform.mjs": transformText(entry.names, section),
  };
}

function exportedNames(text: string): readonly string[] {
  return [...text.matchAll(/^export (?:function|namespace) ([\w$]+)/gm)].map(([, name = ""]) => name);
}

/** An import of those functions of `values.ts` that a text uses. */
function importOf(names: readonly string[], text: string): string {
  const words = new Set(text.match(/[\w$]+/g));
  const used = names.filter((name) => words.has(name));
  return used.length === 0 ? "" : `import { ${used.join(", ")} } from "./values";\n`;
}
