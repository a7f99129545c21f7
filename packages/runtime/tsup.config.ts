import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/slim.ts", "src/{node,browser}/{platform,images}.ts"],
  format: "esm",
  target: "es2022",
  // The manifest's `imports` choose between node/platform and browser/platform where the package is used, not here.
  external: ["#runtime/platform", "#runtime/images"],
  dts: { entry: ["src/index.ts", "src/slim.ts"] },
  sourcemap: true,
  clean: true,
  // The images, from `build:rust`.
  publicDir: "artifacts",
});
