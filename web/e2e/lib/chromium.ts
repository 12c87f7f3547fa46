import { type Browser, chromium } from "playwright-core";

const path = process.env.BULLA_CHROMIUM ?? "/usr/bin/chromium";

/** launchChromium starts Debian's Chromium, headless. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
