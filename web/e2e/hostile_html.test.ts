import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { corpus } from "./hostile_html.corpus.ts";
import { Canary } from "./lib/canary.ts";
import { mayClose } from "./lib/drive.ts";
import { EnvelopeFiles } from "./lib/files.ts";
import { launchFirefox } from "./lib/firefox.ts";
import { type PortalStub, startPortalStub } from "./lib/portal_stub.ts";
import { type Sealed, seal } from "./lib/seal.ts";

// Every case of the corpus is a piece of one letter, so that one page holds them all; the canary's addresses tell them
// apart. What may come of them: text.

/** What a page in either browser is looked at through. */
interface Look {
  address(): string;
  windows(): Promise<number>;
  run<Value>(look: () => Value): Promise<Value>;
}

const lookedUp = "looked-up.bulla-canary.test";
const canary = await Canary.start();
const files = new EnvelopeFiles();
let stub: PortalStub;
let sealed: Sealed;

/** What names in the head of a mail can try. */
const hostileName = '<img src=x onerror="top.bullaMark=1">"><script>top.bullaMark=1</script>';

beforeAll(async () => {
  const parts = corpus.map(([, html], i) => ({
    type: "text/html",
    charset: "utf-8",
    body: html
      .replaceAll("URL", `http://${canary.host}/case-${i}`)
      .replaceAll("HOST", canary.host)
      .replaceAll("CASE", `case-${i}`)
      .replaceAll("NAME", lookedUp)
      .replaceAll("RUN", `top.bullaMark=${i}`),
  }));
  sealed = seal({
    subject: hostileName,
    from: { address: "ann@acme.example", name: hostileName },
    parts: [...parts, { type: "text/plain", name: hostileName, disposition: "attachment", body: hostileName }],
    body: corpus.map((_, html) => ({ html })),
  });
  stub = await startPortalStub(() => sealed);
});

afterAll(async () => {
  await stub.close();
  await canary.close();
  files.remove();
});

/** Everything that must be true of the page, a while after the letter is shown. */
function expectations(look: () => Look): void {
  test("every piece is shown in a frame of its own", async () => {
    const frames = await look().run(
      () => [...document.querySelectorAll("iframe")].filter((frame) => frame.contentDocument?.body).length,
    );
    expect(frames).toBe(corpus.length);
  });

  test("no frame may run scripts, send forms or move the page", async () => {
    const flags = await look().run(() =>
      [...document.querySelectorAll("iframe")].map((frame) => frame.getAttribute("sandbox")),
    );
    expect(new Set(flags)).toEqual(new Set(["allow-same-origin allow-popups allow-popups-to-escape-sandbox"]));
  });

  test("no script has run", async () => {
    expect(await look().run(() => (window as unknown as { bullaMark?: number }).bullaMark ?? "none")).toBe("none");
  });

  test("nothing was asked for, and nothing connected", () => {
    expect(canary.heard).toEqual([]);
    expect(stub.strangers.filter((request) => !request.endsWith("/favicon.ico"))).toEqual([]);
  });

  test("nothing has left the page or opened another", async () => {
    expect(look().address()).toMatch(/^file:.*\.html$/);
    expect(await look().windows()).toBe(1);
    const places = await look().run(() =>
      [...document.querySelectorAll("iframe")].map((frame) => frame.contentWindow?.location.href),
    );
    expect(new Set(places)).toEqual(new Set(["about:srcdoc"]));
  });

  test("nothing is left that acts, loads, or takes what is typed", async () => {
    const found = await look().run(() => {
      const acting =
        "script, iframe, frame, object, embed, form, input, button, select, textarea, link, base, svg, math, video, " +
        "audio, source, track, template, dialog, area, slot, portal, meta:not([http-equiv])";
      const inner = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument as Document);
      const all = inner.flatMap((document) => [...document.querySelectorAll("*")]);
      return {
        elements: inner.flatMap((document) => [...document.querySelectorAll(acting)].map((one) => one.outerHTML)),
        handlers: all.flatMap((one) => one.getAttributeNames().filter((name) => name.startsWith("on"))),
        sources: all.flatMap((one) =>
          ["src", "srcset", "background", "poster", "ping", "target"].flatMap((name) => {
            const value = one.getAttribute(name);
            return value === null || value === "_blank" ? [] : [`${name}=${value}`];
          }),
        ),
        links: [
          ...new Set(all.flatMap((one) => one.getAttribute("href") ?? []).map((href) => href.replace(/:.*/s, ""))),
        ].sort(),
        policies: new Set(inner.map((document) => document.querySelector("head > meta")?.getAttribute("content"))).size,
      };
    });
    expect(found.elements).toEqual([]);
    expect(found.handlers).toEqual([]);
    expect(found.sources).toEqual([]);
    expect(found.links.filter((scheme) => !scheme.startsWith("#"))).toEqual(["http", "https"]);
    expect(found.policies).toBe(1);
  });

  test("the page's own controls are there, uncovered", async () => {
    const covered = await look().run(() => {
      const buttons = [...document.querySelectorAll("article .button")] as HTMLElement[];
      return buttons.map((button) => {
        button.scrollIntoView({ block: "center" });
        const { left, top, width, height } = button.getBoundingClientRect();
        return document.elementFromPoint(left + width / 2, top + height / 2) === button;
      });
    });
    expect(covered).toEqual([true, true, true]);
  });

  test("no frame is taller than the page allows, and names are text", async () => {
    const page = await look().run(() => ({
      tallest: Math.max(...[...document.querySelectorAll("iframe")].map((frame) => frame.clientHeight)),
      heading: document.querySelector("h1")?.textContent,
      scripts: document.scripts.length,
      pictures: document.images.length,
    }));
    expect(page.tallest).toBeLessThanOrEqual(30_100);
    expect(page.heading).toBe(hostileName);
    expect(page.pictures).toBe(0);
    // The three blocks, the packed viewer, and its two scripts.
    expect(page.scripts).toBe(6);
  });
}

/** Long enough for a refresh after a second, fonts, and what waits for the page to be idle. */
const patience = 4000;
const linesWith = (log: string, word: string) =>
  log
    .split("\n")
    .filter((line) => line.includes(word))
    .slice(0, 5);
const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

describe("hostile HTML in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "bulla-chromium-"));
  const log = join(folder, "net.json");
  let close: () => Promise<void>;
  let look: Look;

  beforeAll(async () => {
    const browser = await chromium.launch({
      executablePath: process.env.BULLA_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-dev-shm-usage", `--log-net-log=${log}`],
    });
    close = () => browser.close();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(files.write(sealed, stub.origin));
    const [portal] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "Open message" }).click(),
    ]);
    await mayClose(portal, portal.getByText("Confirm").click());
    await page.locator("article.message").waitFor();
    await pause(patience);
    look = {
      address: () => page.url(),
      windows: async () => context.pages().length,
      run: (act) => page.evaluate(act) as never,
    };
  });

  expectations(() => look);

  test("a link leads out only after it was shown and confirmed", async () => {
    const before = canary.heard.length;
    await look.run(() => {
      const frames = [...document.querySelectorAll("iframe")];
      const links = frames.flatMap((frame) => [
        ...(frame.contentDocument as Document).querySelectorAll("a[href^=http]"),
      ]);
      (links.find((link) => link.getAttribute("href")?.includes("/case-")) as HTMLElement).click();
    });
    const dialog = await look.run(() => ({
      open: document.querySelector("dialog")?.open,
      address: document.querySelector("dialog .address")?.textContent,
      rel: document.querySelector("dialog a")?.getAttribute("rel"),
    }));
    expect(dialog.open).toBe(true);
    expect(dialog.address).toContain(canary.host);
    expect(dialog.rel).toContain("noopener");
    expect(canary.heard.length).toBe(before);
  });

  test("no name was looked up", async () => {
    await close();
    expect(existsSync(log)).toBe(true);
    const text = readFileSync(log, "utf8");
    rmSync(folder, { recursive: true });
    // The log is of this run: it has the portal's address.
    expect(linesWith(text, stub.origin)).not.toEqual([]);
    expect(linesWith(text, lookedUp)).toEqual([]);
    expect(linesWith(text, canary.host)).toEqual([]);
  });
});

describe("hostile HTML in Firefox", () => {
  const folder = mkdtempSync(join(tmpdir(), "bulla-firefox-"));
  let close: () => Promise<void>;
  let look: Look;

  beforeAll(async () => {
    canary.heard.length = 0;
    const browser = await launchFirefox({
      MOZ_LOG: "timestamp,nsHostResolver:4,nsHttp:3",
      MOZ_LOG_FILE: join(folder, "net"),
    });
    close = () => browser.close();
    const page = await browser.newPage();
    await page.goto(files.write(sealed, stub.origin));
    const button = await page.waitForSelector("#bulla-app .button.primary");
    const target = browser.waitForTarget((one) => one.url().startsWith(stub.origin));
    await button?.click();
    const portal = await (await target).page();
    const confirm = await portal?.waitForSelector("#confirm");
    // The window may be gone before the click is reported as done.
    await confirm?.click().catch(() => {});
    await page.waitForSelector("article.message", { timeout: 60_000 });
    await page.bringToFront();
    await pause(patience);
    look = {
      address: () => page.url(),
      windows: async () => (await browser.pages()).filter((one) => one.url() !== "about:blank").length,
      run: (act) => page.evaluate(act) as never,
    };
  });

  expectations(() => look);

  test("no name was looked up", async () => {
    await close();
    // It names addresses of style sheets too, of which the policy stopped the loading; the canary heard nothing.
    const logs = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    rmSync(folder, { recursive: true });
    const text = logs.join("");
    expect(linesWith(text, stub.origin)).not.toEqual([]);
    expect(linesWith(text, lookedUp)).toEqual([]);
  });
});
