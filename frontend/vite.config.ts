// Builds the pages' style and scripts into the package's static folder: hashed names, so they
// can be cached for a year, and compressed copies beside them, so no request compresses.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { compressed } from "./build/compressed.ts";
import { iconSprite } from "./build/icon-sprite.ts";
import { purgeTabler } from "./build/purge-tabler.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const web = here("../src/entrepot/web");

export default defineConfig({
  base: "/static/",
  css: { postcss: { plugins: [purgeTabler([`${web}/templates/**/*.html`, here("src") + "/**/*.ts"])] } },
  build: {
    outDir: `${web}/static`,
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    rollupOptions: {
      checks: { pluginTimings: false },
      // htmx contains an eval that allowEval=false never reaches and the page's policy forbids.
      onwarn: (warning, tell) => {
        if (warning.code !== "EVAL") tell(warning);
      },
      input: { theme: here("src/theme.ts"), page: here("src/page.ts"), scan: here("src/scan.ts"), chart: here("src/chart.ts") },
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
  plugins: [iconSprite(here("src/icons")), compressed()],
});
