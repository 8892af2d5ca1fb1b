/* Builds what pages load into dist/, under hashed names listed in dist/.vite/manifest.json (read by researchgraph/assets.py). */
import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/",
  publicDir: false,
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: true,
    // A data: address would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // light-dark() and nested rules go out as written.
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    target: "es2022",
    rollupOptions: {
      input: ["src/site.ts", "src/explorer/explorer.ts", "css/site.css", "icons.svg", "mark.svg"],
      // htmx can evaluate attributes; src/site.ts switches that off, and the policy forbids it.
      checks: { eval: false },
    },
  },
});
