import { defineConfig, type Plugin } from "vite";

// With these a page is isolated from other origins, and gets SharedArrayBuffer for it: by way of which a guest can wait
// for a host function. Whoever serves the built page must send them too.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * What the built page may do: run its own scripts and WebAssembly, and load what lies beside it. Nothing leaves it.
 * Workers follow the header of their own script, so whoever serves the page must send the policy as well.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Writes the policy into the built page. Vite's development server needs scripts and styles of its own. */
const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: policy },
      injectTo: "head-prepend",
    },
  ],
};

export default defineConfig({
  // The page works wherever it is put.
  base: "./",
  // What scripts/build-examples.mjs makes.
  publicDir: "artifacts",
  plugins: [contentSecurityPolicy],
  server: { headers },
  preview: { headers: { ...headers, "Content-Security-Policy": policy } },
  // Packages name their Workers and their Wasm by `new URL(…, import.meta.url)`, which bundling them early would break.
  optimizeDeps: {
    exclude: ["@twinwall/sandbox", "@twinwall/runtime", "@twinwall/compiler", "@twinwall/vmm-soft"],
  },
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0 },
});
