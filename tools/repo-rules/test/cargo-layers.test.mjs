import { describe, expect, test } from "vitest";
import { violations } from "../src/rules/cargo-layers.mjs";

/** @type {Record<string, string[]>} */
const tags = {
  "packages/abi": ["layer-0"],
  "packages/vmm-kvm": ["layer-3"],
  "packages/compiler": ["layer-3"],
  "tools/helper": ["tool"],
};

/**
 * @param {string} name
 * @param {string} folder
 * @param {Array<{ path: string, kind?: string }>} dependencies
 * @returns {import("../src/rules/cargo-layers.mjs").Crate}
 */
function crate(name, folder, dependencies) {
  return {
    name,
    manifest_path: `/r/${folder}/Cargo.toml`,
    dependencies: dependencies.map(({ path, kind }) => ({
      name: path,
      path: `/r/${path}`,
      kind: kind ?? null,
    })),
  };
}

/** @param {ReturnType<typeof crate>[]} crates */
const check = (...crates) => violations("/r", crates, (folder) => tags[folder] ?? []);

describe("cargo-layers", () => {
  test("lets a crate use lower layers and its own package", () => {
    const core = crate("core", "packages/vmm-kvm/rust/core", [{ path: "packages/abi/rust" }]);
    const node = crate("node", "packages/vmm-kvm/rust/node", [{ path: "packages/vmm-kvm/rust/core" }]);
    expect(check(core, node)).toEqual([]);
  });

  test("refuses a higher layer", () => {
    const found = check(crate("abi", "packages/abi/rust", [{ path: "packages/vmm-kvm/rust/core" }]));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("packages/vmm-kvm");
  });

  test("refuses a neighbour on the same layer, also as a build dependency", () => {
    const neighbour = { path: "packages/compiler/rust/core", kind: "build" };
    expect(check(crate("core", "packages/vmm-kvm/rust/core", [neighbour]))).toHaveLength(1);
  });

  test("refuses a package that depends on a tool, and lets tools use packages", () => {
    expect(check(crate("abi", "packages/abi/rust", [{ path: "tools/helper" }]))).toHaveLength(1);
    expect(check(crate("helper", "tools/helper", [{ path: "packages/abi/rust" }]))).toEqual([]);
  });

  test("leaves dependencies of tests and of registries alone", () => {
    const libc = { name: "libc", kind: null };
    const tested = crate("abi", "packages/abi/rust", [{ path: "packages/compiler/rust/core", kind: "dev" }]);
    const registry = { name: "core", manifest_path: "/r/packages/abi/rust/Cargo.toml", dependencies: [libc] };
    expect(check(tested, registry)).toEqual([]);
  });
});
