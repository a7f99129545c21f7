import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const here = fileURLToPath(new URL(".", import.meta.url));
const reporter = fileURLToPath(new URL("../src/vitest-reporter.mjs", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));

test("keeps every test with its state and the reason of a skip", { timeout: 60_000 }, () => {
  const root = mkdtempSync(join(here, "run-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(
    join(root, "sample.test.mjs"),
    `import { expect, test } from "vitest";
test("passes", () => {});
test("fails", () => expect(1).toBe(2));
test("skips itself", (context) => context.skip("no /dev/kvm"));
test.skipIf(true)("calls (needs QEMU)", () => {});
test.skipIf(true)("runs (skipped: no guest)", () => {});
`,
  );
  writeFileSync(join(root, "broken.test.mjs"), `import "./missing.mjs";\n`);
  writeFileSync(join(root, "vitest.config.mjs"), "export default {};\n");
  spawnSync(process.execPath, [vitest, "run", `--reporter=${reporter}`], {
    cwd: root,
    env: { ...process.env, CI: "true" },
  });
  const { tests } = JSON.parse(readFileSync(join(root, ".reports/vitest.json"), "utf8"));
  expect(tests).toEqual(
    expect.arrayContaining([
      { name: "sample.test.mjs > passes", state: "passed" },
      {
        name: "sample.test.mjs > fails",
        state: "failed",
        detail: expect.stringMatching(/^sample\.test\.mjs:3: expected 1 to be 2/),
      },
      { name: "sample.test.mjs > skips itself", state: "skipped", detail: "no /dev/kvm" },
      { name: "sample.test.mjs > calls (needs QEMU)", state: "skipped", detail: "needs QEMU" },
      { name: "sample.test.mjs > runs (skipped: no guest)", state: "skipped", detail: "no guest" },
      expect.objectContaining({ name: "broken.test.mjs (could not be loaded)", state: "failed" }),
    ]),
  );
  expect(tests).toHaveLength(6);
});
