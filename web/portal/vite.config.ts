import { resolve } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

// Pages of the key server: nothing inline, everything below /assets under a name with its hash.
export default defineConfig({
  root: here,
  build: {
    outDir: resolve(here, "../../build/web/portal"),
    emptyOutDir: true,
    target: ["chrome103", "firefox114", "safari16.4"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: resolve(here, "index.html"), open: resolve(here, "open/index.html") } },
  },
  worker: { format: "es" },
});
