import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "./lib/chromium.ts";
import { mayClose, openedMessage } from "./lib/drive.ts";
import { EnvelopeFiles } from "./lib/files.ts";
import { MockKeyServer } from "./lib/mock_keyserver.ts";
import { contract, states } from "./lib/states.ts";

// axe over every state of the pages; and the whole way by keyboard alone.
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const files = new EnvelopeFiles();
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  files.remove();
});

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
  passes: unknown[];
}

async function violations(page: Page): Promise<string[]> {
  // Over the debugger: no policy of a page lets it load this.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const expression =
    'axe.run(document, { resultTypes: ["violations", "passes"] }).then((result) => JSON.stringify(result))';
  const { result } = await session.send("Runtime.evaluate", { expression, awaitPromise: true });
  const found = JSON.parse(result.value as string) as AxeResult;
  expect(found.passes.length).toBeGreaterThan(5);
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

describe("axe finds nothing", () => {
  const variants = [
    { width: 1280, height: 860, colorScheme: "light" as const },
    { width: 360, height: 740, colorScheme: "dark" as const },
  ];
  test.each(states)("$name", async ({ reach }) => {
    for (const { width, height, colorScheme } of variants) {
      const server = await MockKeyServer.start();
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
      context.setDefaultTimeout(30_000);
      const page = await reach({ context, files, server });
      expect(await violations(page)).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      await context.close();
      await server.close();
    }
  });
});

test("a recipient with a keyboard gets from the file to a saved attachment", async () => {
  const server = await MockKeyServer.start();
  server.sealed = contract;
  const context = await browser.newContext({ acceptDownloads: true });
  context.setDefaultTimeout(30_000);
  const envelope = await context.newPage();
  await envelope.goto(files.write(contract, server.origin));
  await envelope.getByRole("button", { name: "Open message" }).waitFor();
  const popup = envelope.waitForEvent("popup");
  await pressed(envelope, "Open message");
  const portal = await popup;
  await portal.getByRole("button", { name: "Send me the code" }).waitFor();
  await pressed(portal, "Send me the code");
  // Fields have the focus by themselves; Enter goes on.
  await portal.getByLabel("Code", { exact: true }).waitFor();
  await portal.keyboard.type("1234 5678");
  await portal.keyboard.press("Enter");
  await portal.getByLabel("Password", { exact: true }).waitFor();
  await portal.keyboard.type("correct horse battery");
  await portal.keyboard.press("Enter");
  await portal.getByText("a second time").waitFor();
  await portal.keyboard.type("correct horse battery");
  await portal.keyboard.press("Enter");
  await portal.locator('button[aria-disabled="false"]', { hasText: "Yes, open it" }).waitFor();
  await pressed(portal, "Yes, open it");
  await openedMessage(envelope).waitFor();
  expect(await envelope.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  const download = envelope.waitForEvent("download");
  await pressed(envelope, "Save Contract 117.pdf");
  expect((await download).suggestedFilename()).toBe("Contract 117.pdf");
  await context.close();
  await server.close();
});

/** Presses Tab until the focus is on a button with this name, sees that it shows, and presses Enter. */
async function pressed(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0) continue;
    const label = (await focused.getAttribute("aria-label")) ?? (await focused.innerText());
    if (label !== name) continue;
    expect(await focused.evaluate((one) => getComputedStyle(one).outlineStyle)).toBe("solid");
    await mayClose(page, page.keyboard.press("Enter"));
    return;
  }
  throw new Error(`no Tab leads to "${name}"`);
}
