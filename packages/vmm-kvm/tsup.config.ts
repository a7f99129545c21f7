import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  dts: true,
  sourcemap: true,
  clean: true,
  // The native addon, from `build:rust`; absent where there is none for the system.
  publicDir: "artifacts",
});
