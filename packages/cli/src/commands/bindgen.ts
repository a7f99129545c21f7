import { mkdir, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { decodeWorld, TwinwallError, type World } from "@twinwall/abi";
import { createCompiler, describeWit, inspectArtifact } from "@twinwall/compiler";
import { worldDeclarations, worldTypeName } from "../bindgen/typescript.js";
import { UsageError } from "../failure.js";
import { readNamedFile, writeWhole } from "../files.js";
import { writeLine } from "../streams.js";

/** Options of `twinwall bindgen`. */
export interface BindgenFlags {
  /** Folder of what is written. */
  readonly output: string;
  /** Which of several worlds. */
  readonly world?: string;
}

/** Writes TypeScript declarations of a world and returns the exit status of the process. */
export async function bindgen(path: string, { output, world: wanted }: BindgenFlags): Promise<number> {
  const world = path.endsWith(".wasm") ? await worldOfModule(path) : await worldOfWit(path, wanted);
  await mkdir(output, { recursive: true });
  const name = kebab(worldTypeName(world));
  const file = join(output, `${name}.d.ts`);
  await writeWhole(file, new TextEncoder().encode(worldDeclarations(world)));
  writeLine(1, `${file}: interface ${worldTypeName(world)}, for Sandbox.create<${worldTypeName(world)}>(…)`);
  if (!path.endsWith(".wasm")) for (const line of guestHints(path, name)) writeLine(1, line);
  return 0;
}

/** How the guest's side is written: by the component model's own tools. */
function guestHints(path: string, world: string): string[] {
  return [
    "the guest's side:",
    `  Rust    wit_bindgen::generate!({ path: ${JSON.stringify(path)}, world: "${world}" }), of the crate wit-bindgen`,
    `  C       wit-bindgen c ${path} --world ${world} --out-dir bindings`,
    `  Go      wit-bindgen go ${path} --world ${world} --out-dir bindings`,
  ];
}

function kebab(pascal: string): string {
  return pascal.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

async function worldOfModule(path: string): Promise<World> {
  const compiler = createCompiler();
  try {
    const { bytes } = await compiler.compile(await readNamedFile(path), { machine: "kvm", fuel: false });
    const { world } = inspectArtifact(bytes);
    if (world !== undefined) return world;
    throw new TwinwallError("E_BAD_MODULE", `${path}: it is a core module without a WIT world`);
  } finally {
    await compiler.close();
  }
}

async function worldOfWit(path: string, world: string | undefined): Promise<World> {
  const files = await witFiles(path);
  if (Object.keys(files).length === 0) throw new UsageError(`${path}: there is no .wit file in it`);
  return decodeWorld((await describeWit(files, world === undefined ? {} : { world })).world);
}

/** One file, or all of a folder; packages that it depends on lie in `deps`. */
async function witFiles(path: string): Promise<Record<string, string>> {
  const text = async (file: string): Promise<string> => new TextDecoder().decode(await readNamedFile(file));
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return { [path]: await text(path) };
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith(".wit")) continue;
    const file = join(entry.parentPath, entry.name);
    files[relative(path, file)] = await text(file);
  }
  return files;
}
