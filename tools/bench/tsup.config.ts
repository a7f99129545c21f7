import { defineConfig } from "tsup";

export default defineConfig({
  // The second is what `twinwall bench envoy-echo` loads; it starts the third. The soak starts the fourth, as threads.
  entry: ["src/main.ts", "src/envoy-echo.ts", "src/envoy-service.ts", "src/soak-worker.ts"],
  format: "esm",
  target: "node20",
  dts: { entry: "src/envoy-echo.ts" },
  sourcemap: true,
  clean: true,
});
