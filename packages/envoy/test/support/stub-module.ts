import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A folder with a `libtwinwall_envoy.so` that shows its configuration and does nothing. */
export interface StubModule extends Disposable {
  readonly folder: string;
}

/** Compiles the stub. */
export function buildStubModule(): StubModule {
  const folder = mkdtempSync(join(tmpdir(), "twinwall-stub-"));
  const source = fileURLToPath(new URL("stub-module.c", import.meta.url));
  execFileSync("cc", ["-shared", "-fPIC", "-o", join(folder, "libtwinwall_envoy.so"), source]);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** The configurations that the stub showed. */
export function shownConfigurations(output: string): unknown[] {
  return [...output.matchAll(/^filter twinwall\n([\s\S]*?)\nend of filter$/gm)].map(
    (match) => JSON.parse(match[1] ?? "") as unknown,
  );
}
