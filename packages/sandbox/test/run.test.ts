import { describe, expect, it } from "vitest";
import { Sandbox } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { assemble, moduleOf, textOf } from "./support/modules.js";
import { openSandbox } from "./support/sandbox.js";

needsMachine();

describe("a command", () => {
  const sandbox = openSandbox({ module: () => moduleOf("command") });

  it("gets arguments, environment and stdin, and gives stdout, stderr and its status", async () => {
    const result = await sandbox().run({
      args: ["one", "zwölf"],
      env: { HOME: "/", EMPTY: "" },
      stdin: "input\n",
    });
    expect(textOf(result.stdout)).toBe("program\none\nzwölf\nHOME=/\nEMPTY=\ninput\n");
    expect(textOf(result.stderr)).toBe("done\n");
    expect(result.exitCode).toBe(3);
  });

  it("gets nothing of one run in the next", async () => {
    await sandbox().run({ args: ["secret"], env: { SECRET: "1" }, stdin: "secret" });
    const result = await sandbox().run({ name: "tool" });
    expect(textOf(result.stdout)).toBe("tool\n");
    expect(result.exitCode).toBe(1);
  });

  it("takes a stdin larger than its memory", async () => {
    const stdin = new Uint8Array(700_000).map((_, index) => index % 251);
    const { stdout } = await sandbox().run({ stdin });
    expect(Buffer.compare(stdout.subarray("program\n".length), stdin)).toBe(0);
  });

  it("takes a stdin larger than its memory may be", async () => {
    await using small = await Sandbox.create({ module: moduleOf("command"), limits: { memory: "1MiB" } });
    const stdin = new Uint8Array(5_000_000).fill(0x61);
    let written = 0;
    await small.run({
      stdin,
      onStdout: (chunk) => {
        written += chunk.length;
      },
    });
    expect(written).toBe("program\n".length + stdin.length);
  });

  it("streams what it writes", async () => {
    const chunks: Uint8Array[] = [];
    const errors: Uint8Array[] = [];
    const stdin = new Uint8Array(3_000_000).fill(0x61);
    const result = await sandbox().run({
      stdin,
      onStdout: (chunk) => chunks.push(chunk),
      onStderr: (chunk) => errors.push(chunk),
    });
    expect(result.stdout.length + result.stderr.length).toBe(0);
    expect(chunks.length).toBeGreaterThan(1);
    expect(Buffer.concat(chunks).length).toBe("program\n".length + stdin.length);
    expect(textOf(Buffer.concat(errors))).toBe("done\n");
  });

  it("that writes more than resultBytes without being streamed is E_LIMIT", async () => {
    const error = await errorOf(() => sandbox().run({ stdin: new Uint8Array(1_100_000) }));
    expect(error.code).toBe("E_LIMIT");
    expect((await sandbox().run()).exitCode).toBe(1);
  });

  it("whose output nobody can take fails with that error as cause", async () => {
    const reason = new Error("pipe closed");
    const error = await errorOf(() =>
      sandbox().run({
        onStdout: () => {
          throw reason;
        },
      }),
    );
    expect(error.code).toBe("E_HOST_FUNCTION");
    expect(error.cause).toBe(reason);
  });

  it.each<[object, string]>([
    [{ arg: [] }, 'run: unknown option "arg"'],
    [{ args: "one" }, "args: expected a list of strings"],
    [{ args: ["a\0b"] }, "args: expected a list of strings without NUL"],
    [{ env: { "A=B": "" } }, 'env: expected names without "="'],
    [{ env: { A: 1 } }, "env: A: expected a string"],
    [{ stdin: 7 }, "stdin: expected bytes or text"],
  ])("with bad options %o is E_OPTION", async (options, message) => {
    const error = await errorOf(() => sandbox().run(options));
    expect(error.code).toBe("E_OPTION");
    expect(error.message).toContain(message);
  });

  it("whose signal has fired does not start", async () => {
    expect((await errorOf(() => sandbox().run({ signal: AbortSignal.abort() }))).code).toBe("E_ABORTED");
  });
});

describe("files", () => {
  it("are there to read, and others are not", async () => {
    await using sandbox = await Sandbox.create({
      module: moduleOf("files"),
      files: { "/etc/words": "apple\nbirne\n", "/data/empty": new Uint8Array(0), "/data/deep/er": "x" },
    });
    expect(textOf((await sandbox.run({ args: ["etc/words"] })).stdout)).toBe("apple\nbirne\n");
    expect(textOf((await sandbox.run({ args: ["data/deep/er"] })).stdout)).toBe("x");
    expect(await sandbox.run({ args: ["data/empty"] })).toMatchObject({
      exitCode: 0,
      stdout: new Uint8Array(0),
    });
    const noEntry = 44;
    expect((await sandbox.run({ args: ["etc/passwd"] })).exitCode).toBe(noEntry);
  });
});

describe("modules that are no command", () => {
  it("are E_NO_FUNCTION", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars") });
    expect(sandbox.command).toBe(false);
    const error = await errorOf(() => sandbox.run());
    expect(error.code).toBe("E_NO_FUNCTION");
    expect(error.message).toContain('"_start"');
  });

  it("a command that traps is E_TRAP, one that returns has status 0", async () => {
    await using broken = await Sandbox.create({
      module: assemble('(module (func (export "_start") (unreachable)))'),
    });
    expect((await errorOf(() => broken.run())).message).toContain(
      "E_TRAP: the command trapped: unreachable executed",
    );
    await using quiet = await Sandbox.create({ module: assemble('(module (func (export "_start")))') });
    expect(quiet.command).toBe(true);
    expect(await quiet.run()).toEqual({ exitCode: 0, stdout: new Uint8Array(0), stderr: new Uint8Array(0) });
  });
});
