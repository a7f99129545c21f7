import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// By name, since a bundle lies elsewhere than its source.
const require = createRequire(import.meta.url);
const bench = dirname(require.resolve("@twinwall/tool-bench/package.json"));
const app = dirname(require.resolve("@twinwall/app-envoy-echo/package.json"));
const runtime = dirname(require.resolve("@twinwall/runtime/package.json"));
const envoy = dirname(require.resolve("@twinwall/envoy/package.json"));

/** What lies where in a checkout that is built. */
export const places = {
  /** Started for each service. */
  service: join(bench, "dist/envoy-service.js"),
  loadClient: join(bench, "artifacts/tcp-load"),
  v8Plugin: join(bench, "artifacts/v8-echo.wasm"),
  guest: join(app, "artifacts/envoy-echo.wasm"),
  /** Machine code that echoes. */
  nativeGuest: join(runtime, "artifacts/images/echo.elf"),
  /** What Envoy loads. */
  module: join(envoy, "artifacts/libtwinwall_envoy.so"),
} as const;
