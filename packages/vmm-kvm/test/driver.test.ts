import { TwinwallError } from "@twinwall/abi";
import { beforeEach, describe, expect, it } from "vitest";
import { measureBareMachine, measureFloor, openKvmDriver } from "../src/driver.js";
import { hostProblem } from "../src/host.js";

const noKvm = hostProblem();

describe("the KVM driver", () => {
  beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

  it("is opened once, and says what it found", () => {
    expect(openKvmDriver()).toBe(openKvmDriver());
    expect(openKvmDriver().description).toMatch(/gate/);
    expect(openKvmDriver().description).not.toContain("\n");
  });

  it("gives each attachment an address of its own", () => {
    const addresses = openKvmDriver().attachmentAddresses([1, 5_000_000, 0]);
    expect(addresses).toHaveLength(3);
    expect(new Set(addresses.map((address) => address % 2_097_152n))).toEqual(new Set([0n]));
    expect((addresses[1] ?? 0n) - (addresses[0] ?? 0n)).toBeGreaterThanOrEqual(2_097_152n);
    expect((addresses[2] ?? 0n) - (addresses[1] ?? 0n)).toBeGreaterThanOrEqual(5_000_000n);
  });

  it("refuses what is no image", () => {
    const attempt = () =>
      openKvmDriver().boot({
        image: new Uint8Array(64),
        attachments: [],
        input: new Uint8Array(0),
        limits: {
          memoryBytes: 0,
          inputBytes: 4096,
          outputBytes: 4096,
          outboxBytes: 4096,
          hostCalls: 0,
          hostBytes: 0,
          cpuTimeUs: 0,
          deadlineUs: 100_000,
          fuel: 2n ** 64n - 1n,
        },
        memories: 1,
        seed: undefined,
        recycle: false,
        hostCall: () => -1,
        record: () => {},
      });
    expect(attempt).toThrow(TwinwallError);
  });

  it("measures its own floors", () => {
    const floor = measureFloor(100);
    expect(floor).toHaveLength(100);
    expect(floor.every((time) => time > 0)).toBe(true);
    expect(measureBareMachine(2).every((time) => time > 0)).toBe(true);
  });
});
