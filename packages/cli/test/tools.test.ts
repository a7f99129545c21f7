import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { twinwall } from "./support/cli.js";
import { noKvm } from "./support/machine.js";
import { buildModules, type Modules } from "./support/modules.js";

describe("twinwall compile and inspect", () => {
  let modules: Modules;

  beforeAll(async () => {
    modules = await buildModules();
  });

  afterAll(() => modules.dispose());

  const compile = (name: string, out: string, ...more: string[]) =>
    twinwall(["compile", modules.path(name), "-o", modules.path(out), "--machine", "kvm", ...more]);

  it("inspects a module", async () => {
    const { status, stdout } = await twinwall(["inspect", modules.path("bytes.wasm"), "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      format: "wasm",
      command: false,
      initialMemory: 65_536,
      compiled: null,
      missing: [],
      imports: [{ module: "twinwall", name: "fail", provider: "twinwall" }],
    });
  });

  it("says in words what a module is", async () => {
    const { stdout } = await twinwall(["inspect", modules.path("command.wasm")]);
    expect(stdout.toString()).toMatch(/command\.wasm: a WASI command\n/);
    expect(stdout.toString()).toContain('"wasi_snapshot_preview1" "fd_read"');
  });

  it("compiles to a file that inspect knows", async () => {
    expect((await compile("scalars.wasm", "fuel.cwasm", "--fuel")).status).toBe(0);
    const { stdout } = await twinwall(["inspect", modules.path("fuel.cwasm"), "--json"]);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      format: "cwasm",
      compiled: { machine: "kvm", fuel: true },
    });
  });

  it("compiles to a file that runs, with the flags it was compiled with", async ({ skip }) => {
    skip(noKvm !== undefined, noKvm);
    await compile("scalars.wasm", "plain.cwasm");
    const run = ["run", modules.path("plain.cwasm"), "--call", "add", "--args", "[1,2]"];
    expect((await twinwall(run)).stdout.toString()).toBe("3\n");
    const { status, stderr } = await twinwall([...run, "--fuel", "1000"]);
    expect(stderr).toMatch(/^twinwall: E_BAD_MODULE: .*--fuel/);
    expect(status).toBe(3);
  });

  it("compiles for the soft machine with fuel, whether asked or not", async () => {
    const words = [
      "compile",
      modules.path("scalars.wasm"),
      "-o",
      modules.path("soft.cwasm"),
      "--machine",
      "soft",
    ];
    expect((await twinwall(words)).stdout.toString()).toContain("for soft, with fuel");
    const run = ["run", modules.path("soft.cwasm"), "--machine", "soft", "--call", "add", "--args", "[1,2]"];
    expect((await twinwall(run)).stdout.toString()).toBe("3\n");
    expect((await twinwall([...run, "--fuel", "1000"])).stdout.toString()).toBe("3\n");
    const { status, stderr } = await twinwall([...run, "--machine", "kvm"]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^twinwall: (E_BAD_MODULE: .*--machine soft|E_NO_MACHINE)/);
  });

  it("refuses damaged code, and leaves no file of a failed compilation", async () => {
    await compile("scalars.wasm", "damaged.cwasm");
    const bytes = readFileSync(modules.path("damaged.cwasm"));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(modules.path("damaged.cwasm"), bytes);
    expect((await twinwall(["inspect", modules.path("damaged.cwasm")])).stderr).toMatch(/E_BAD_MODULE/);
    writeFileSync(modules.path("cut.wasm"), readFileSync(modules.path("scalars.wasm")).subarray(0, 40));
    expect(await compile("cut.wasm", "cut.cwasm")).toMatchObject({ status: 3 });
    expect(() => readFileSync(modules.path("cut.cwasm"))).toThrow(/ENOENT/);
  });
});

describe("twinwall doctor", () => {
  it("names every part, in words and as JSON", async () => {
    const { status, stdout } = await twinwall(["doctor", "--json"]);
    const report = JSON.parse(stdout.toString()) as {
      ok: boolean;
      machine: string | null;
      checks: { name: string }[];
    };
    expect(report.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "machine",
        "kvm",
        "process wall",
        "soft",
        "processor",
        "dirty log",
        "split locks",
        "image kvm",
        "image soft",
        "compiler",
        "cache",
      ]),
    );
    expect(status).toBe(report.ok ? 0 : 3);
    expect((await twinwall(["doctor"])).stdout.toString()).toMatch(/Modules can(not)? run here/);
  });

  it("finds a cache that others can write", async () => {
    const { stdout } = await twinwall(["doctor", "--json"], { env: { TWINWALL_CACHE_DIR: "/tmp" } });
    const { checks } = JSON.parse(stdout.toString()) as {
      checks: { name: string; status: string; detail: string }[];
    };
    expect(checks.find(({ name }) => name === "cache")).toMatchObject({
      status: "problem",
      detail: expect.stringMatching(/\/tmp/) as string,
    });
  });
});
