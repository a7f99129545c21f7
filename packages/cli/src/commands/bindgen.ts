import { mkdir, readdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { decodeWorld, TwinwallError, type World } from "@twinwall/abi";
import { createCompiler, describeWit, inspectArtifact, type WitDescription } from "@twinwall/compiler";
import { assemblyScriptBinding } from "../bindgen/assemblyscript/index.js";
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
  /** The guest's language; without it the host's side is written. */
  readonly guest?: "assemblyscript";
}

/** Writes one side of a world and returns the exit status of the process. */
export async function bindgen(path: string, { output, world, guest }: BindgenFlags): Promise<number> {
  if (guest !== undefined) return await bindGuest(path, output, world);
  const found = path.endsWith(".wasm")
    ? await worldOfModule(path)
    : decodeWorld((await describe(path, world, "utf8")).world);
  const type = worldTypeName(found);
  const name = kebab(type);
  await writeAll(output, { [`${name}.d.ts`]: worldDeclarations(found) });
  writeLine(1, `${join(output, `${name}.d.ts`)}: interface ${type}, for Sandbox.create<${type}>(…)`);
  if (!path.endsWith(".wasm")) for (const line of guestHints(path, name)) writeLine(1, line);
  return 0;
}

/** What a guest in AssemblyScript is compiled with. */
async function bindGuest(path: string, output: string, wanted: string | undefined): Promise<number> {
  if (path.endsWith(".wasm")) throw new UsageError("--guest needs the world as WIT, not as a module");
  const { world, section } = await describe(path, wanted, "utf16");
  await writeAll(output, assemblyScriptBinding(decodeWorld(world), section));
  const entry = join(output, "entry.ts");
  const transform = resolve(output, "transform.mjs");
  writeLine(
    1,
    `${entry} calls the functions of ${join(output, "../guest.ts")}, which you write; to compile both:`,
  );
  writeLine(1, `  asc ${entry} --transform ${transform} --use abort= --optimize --outFile guest.wasm`);
  return 0;
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files))
    await writeWhole(join(folder, name), new TextEncoder().encode(text));
}

/** How the guest's side is written: by the component model's own tools. */
function guestHints(path: string, world: string): string[] {
  return [
    "the guest's side:",
    `  Rust            wit_bindgen::generate!({ path: ${JSON.stringify(path)}, world: "${world}" }), of the crate wit-bindgen`,
    `  C               wit-bindgen c ${path} --world ${world} --out-dir bindings`,
    `  Go              wit-bindgen go ${path} --world ${world} --out-dir bindings`,
    `  AssemblyScript  twinwall bindgen ${path} --world ${world} --guest assemblyscript -o bindings`,
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

async function describe(
  path: string,
  world: string | undefined,
  stringEncoding: "utf8" | "utf16",
): Promise<WitDescription> {
  const files = await witFiles(path);
  if (Object.keys(files).length === 0) throw new UsageError(`${path}: there is no .wit file in it`);
  return await describeWit(files, { stringEncoding, ...(world !== undefined && { world }) });
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
