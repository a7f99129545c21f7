import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/slim.ts", "src/{node,browser}/platform.ts"],
  format: "esm",
  target: "es2022",
  // The manifest's `imports` choose between node/platform and browser/platform where the package is used, not here.
  external: ["#sandbox/platform"],
  dts: { entry: ["src/index.ts", "src/slim.ts"] },
  sourcemap: true,
  clean: true,
});
