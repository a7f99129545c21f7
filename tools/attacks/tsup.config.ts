import { defineConfig } from "tsup";

export default defineConfig({
  // The second is the process in which one attack runs.
  entry: ["src/main.ts", "src/victim-process.ts"],
  format: "esm",
  target: "node20",
  sourcemap: true,
  clean: true,
});
