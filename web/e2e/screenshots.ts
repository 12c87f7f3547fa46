// Takes a picture of every state of the pages, on a desktop and a phone, light and dark, into build/screenshots/.
// With words as arguments: of the states whose names contain one of them.
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { launchChromium } from "./lib/chromium.ts";
import { EnvelopeFiles } from "./lib/files.ts";
import { MockKeyServer } from "./lib/mock_keyserver.ts";
import { states } from "./lib/states.ts";

const folder = resolve(import.meta.dirname, "../../build/screenshots");
const words = process.argv.slice(2);
const sizes = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

mkdirSync(folder, { recursive: true });
const browser = await launchChromium();
const files = new EnvelopeFiles();
let failed = 0;
for (const state of states.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))) {
  for (const [size, viewport] of Object.entries(sizes)) {
    const server = await MockKeyServer.start();
    const context = await browser.newContext({ viewport, isMobile: size === "phone", hasTouch: size === "phone" });
    context.setDefaultTimeout(20_000);
    try {
      const page = await state.reach({ context, files, server });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.screenshot({ path: resolve(folder, `${state.name}-${size}-${colorScheme}.png`), fullPage: true });
      }
    } catch (error) {
      failed++;
      console.error(`${state.name} (${size}): ${String(error)}`);
    }
    await context.close();
    await server.close();
  }
  console.log(state.name);
}
await browser.close();
files.remove();
process.exitCode = failed === 0 ? 0 : 1;
