import puppeteer, { type Browser, type Page } from "puppeteer-core";

const path = process.env.BULLA_FIREFOX ?? "/usr/bin/firefox-esr";

/** launchFirefox starts Debian's Firefox, headless, over WebDriver BiDi; `prefs` go before the driver's own. */
export async function launchFirefox(
  env: Record<string, string> = {},
  prefs: Record<string, unknown> = {},
): Promise<Browser> {
  return await puppeteer.launch({
    browser: "firefox",
    executablePath: path,
    headless: true,
    env: { ...process.env, ...env },
    extraPrefsFirefox: { "dom.disable_open_during_load": false, ...prefs },
  });
}

/** fill types into a field, once it is there. */
export async function fill(page: Page, field: string, text: string): Promise<void> {
  await (await page.waitForSelector(field, { timeout: 30_000 }))?.type(text);
}

/** press presses a button by its text, once it is there and takes presses. */
export async function press(page: Page, label: string): Promise<void> {
  const ready = `::-p-xpath(//button[normalize-space()="${label}" and not(@aria-disabled="true")])`;
  const button = await page.waitForSelector(ready, { timeout: 30_000 });
  try {
    await button?.click();
  } catch (error) {
    // It may have closed its own window.
    if (!page.isClosed()) throw error;
  }
}
