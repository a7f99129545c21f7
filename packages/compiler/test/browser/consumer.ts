import { execFile } from "node:child_process";
import { cp, mkdir, readdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, createServer, type InlineConfig, type ViteDevServer } from "vite";

const run = promisify(execFile);

const packageDirectory = fileURLToPath(new URL("../..", import.meta.url));

/** What the package depends on, as its own `node_modules` has it. */
const dependencies = ["@noble/hashes", "@twinwall/abi", "idb"];

/** Makes a project of the test page, with this package installed as users get it: packed and unpacked. */
export async function makeConsumer(directory: string): Promise<void> {
  await cp(new URL("page", import.meta.url), directory, { recursive: true });
  const modules = join(directory, "node_modules");
  const target = join(modules, "@twinwall/compiler");
  await mkdir(target, { recursive: true });
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", directory], {
    cwd: packageDirectory,
  });
  const [archive = ""] = (await readdir(directory)).filter((name) => name.endsWith(".tgz"));
  await run("tar", ["-xzf", join(directory, archive), "-C", target, "--strip-components=1"]);
  for (const name of dependencies) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(packageDirectory, "node_modules", name), join(modules, name));
  }
}

/** Builds the project with Vite's own defaults; returns the folder to serve. */
export async function buildConsumer(directory: string): Promise<string> {
  await build(configuration(directory));
  return join(directory, "dist");
}

/** Serves the project as one does while working on it. */
export async function developConsumer(directory: string): Promise<ViteDevServer> {
  const server = await createServer({
    ...configuration(directory),
    server: { host: "127.0.0.1", port: 0 },
  });
  return server.listen();
}

function configuration(root: string): InlineConfig {
  return { root, configFile: false, logLevel: "error" };
}
