import puppeteer, { type Browser } from "puppeteer-core";

const path = process.env.BULLA_FIREFOX ?? "/usr/bin/firefox-esr";

/** launchFirefox starts Debian's Firefox, headless, over WebDriver BiDi. */
export async function launchFirefox(env: Record<string, string> = {}): Promise<Browser> {
  return await puppeteer.launch({
    browser: "firefox",
    executablePath: path,
    headless: true,
    env: { ...process.env, ...env },
    extraPrefsFirefox: { "dom.disable_open_during_load": false },
  });
}
