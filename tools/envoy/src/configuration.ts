import { randomUUID } from "node:crypto";
import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A bootstrap configuration: YAML text, or an object. */
export type EnvoyConfiguration = string | object;

/** Writes a configuration into a folder of its own. */
export async function writeConfiguration(
  configuration: EnvoyConfiguration,
): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "twinwall-envoy-"));
  const file = join(folder, "envoy.yaml");
  await writeFile(file, textOf(configuration));
  return { folder, file };
}

/** Puts new contents in a file's place by a move, which is what Envoy watches for in files of resources. */
export async function replaceFile(path: string, contents: EnvoyConfiguration): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, textOf(contents));
  await rename(temporary, path);
}

/** JSON is YAML whose strings are all quoted. */
function textOf(contents: EnvoyConfiguration): string {
  return typeof contents === "string" ? contents : JSON.stringify(contents);
}
