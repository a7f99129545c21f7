import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page, Worker } from "playwright-core";
import { build } from "vite";
import { afterAll } from "vitest";
import type { Order, Outcome } from "../page/calls.js";
// Declares what tests find in the page: `probe`.
import type {} from "../page/page.js";
import { assemble } from "./modules.js";

/** Builds the page that uses the sandbox itself, with Vite's own defaults; returns the folder to serve. */
export async function buildProbe(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "twinwall-probe-"));
  afterAll(() => rm(outDir, { recursive: true, force: true }));
  await build({
    root: fileURLToPath(new URL("../page", import.meta.url)),
    configFile: false,
    logLevel: "error",
    worker: { format: "es" },
    build: { outDir, emptyOutDir: true },
  });
  return outDir;
}

/** A guest that waits for its host in several ways. */
export const waiting = assemble(`(module
  (import "twinwall" "double" (func $double (param i32) (result i32)))
  (import "twinwall" "refuse" (func $refuse (result i32)))
  (import "twinwall" "never" (func $never (result i32)))
  (import "twinwall" "long" (func $long (param i32 i32) (result i64)))
  (memory (export "memory") 8)
  (global $next (mut i32) (i32.const 1024))
  (func (export "twinwall_allocate") (param $size i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get $size))))
  (func (export "answer") (result i32) (i32.const 42))
  (func (export "double") (param i32) (result i32)
    (i32.add (call $double (local.get 0)) (call $double (i32.const 1))))
  (func (export "refuse") (result i32) (call $refuse))
  (func (export "never") (result i32) (call $never))
  (func (export "long") (param i32) (result i32)
    (local $reply i64)
    (i32.store8 (i32.const 0) (local.get 0))
    (local.set $reply (call $long (i32.const 0) (i32.const 1)))
    (i32.add
      (i32.wrap_i64 (local.get $reply))
      (i32.load8_u (i32.add (i32.wrap_i64 (i64.shr_u (local.get $reply) (i64.const 32))) (i32.const 199999)))))
  (func (export "forever") (loop (br 0)))
  (func (export "unreachable") unreachable))`);

/** A call of {@link waiting}. */
export function order(name: string, values: readonly number[] = [], way: Order["way"] = "callAsync"): Order {
  return { module: [...waiting], name, values, way };
}

/** The page's Workers that run calls. */
export async function machineWorkers(page: Page): Promise<Worker[]> {
  const named = await Promise.all(
    page.workers().map(async (worker) => ({ worker, name: await worker.evaluate(() => self.name) })),
  );
  return named.flatMap(({ worker, name }) => (name === "twinwall-machine" ? [worker] : []));
}

/** Makes calls in the page, on its own thread or in a Worker of it. */
export async function callAll(
  page: Page,
  place: "page" | "worker",
  orders: readonly Order[],
): Promise<Outcome[]> {
  await page.waitForFunction(() => "probe" in globalThis);
  return page.evaluate(
    ([place, orders]) => (place === "page" ? probe.callAll(orders) : probe.callAllInWorker(orders)),
    [place, orders] as const,
  );
}
