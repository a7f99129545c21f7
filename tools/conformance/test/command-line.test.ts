import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { programNames, programPath, programProblem, programVectors } from "@twinwall/programs";
import { afterAll, describe, test } from "vitest";
import { expectOutcome } from "./expectation.js";
import { machines } from "./machine.js";
import { twinwall } from "./twinwall.js";

const directory = mkdtempSync(join(tmpdir(), "twinwall-conformance-"));

/** Writes a vector's files below a directory of their own. */
function writeTree(name: string, files: Readonly<Record<string, Uint8Array>>): string {
  const tree = join(directory, name);
  mkdirSync(tree);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  return tree;
}

/** A link to a module under the name that the program is to have: `twinwall run` tells it the name of the file. */
function linkModule(name: string, own: string, module: string): string {
  const link = join(directory, `${name}-module`, own);
  mkdirSync(dirname(link));
  symlinkSync(module, link);
  return link;
}

afterAll(() => rmSync(directory, { recursive: true }));

const runs = programNames().flatMap((name) =>
  machines.map(({ machine, missing }) => [name, machine, missing] as const),
);

describe.each(runs)("%s by twinwall run on %s", (name, machine, missing) => {
  const problem = missing ?? programProblem(name);
  const vectors = programVectors(name);

  // A process of the soft machine warms its interpreter up first: one vector shows the way, `Sandbox.run` does the rest.
  for (const [index, vector] of (machine === "kvm" ? vectors : vectors.slice(0, 1)).entries()) {
    test(vector.name, async ({ skip }) => {
      skip(problem !== undefined, problem);
      const tree = writeTree(`${name}-${machine}-${index}`, vector.files);
      const [own = name, ...args] = vector.args;
      const module = linkModule(`${name}-${machine}-${index}`, own, programPath(name));
      const variables = Object.entries(vector.env).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
      const options = ["--machine", machine, "--dir", `/=${tree}`, ...variables];
      const words = ["run", module, ...options, "--", ...args];
      const { status, stdout, stderr } = await twinwall(words, vector.stdin);
      expectOutcome({ exitCode: status, stdout, stderr }, vector);
    });
  }
});
