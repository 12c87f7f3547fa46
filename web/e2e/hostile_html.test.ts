import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import type { Browser, Page as FirefoxPage } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { corpus } from "./hostile_html.corpus.ts";
import { Canary } from "./lib/canary.ts";
import { mayClose } from "./lib/drive.ts";
import { EnvelopeFiles } from "./lib/files.ts";
import { launchFirefox } from "./lib/firefox.ts";
import { type PortalStub, startPortalStub } from "./lib/portal_stub.ts";
import { type Sealed, seal } from "./lib/seal.ts";

// Every case of the corpus is a piece of one letter, so that one page holds them all; the canary's addresses tell them
// apart. What may come of them: text. That a silent canary means something is shown by the same pieces, raw, in the same
// browser: there it must sing.

/** What a page in either browser is looked at through. */
interface Look {
  address(): string;
  windows(): Promise<number>;
  run<Value, Argument>(look: (argument: Argument) => Value, argument?: Argument): Promise<Value>;
  hover(x: number, y: number): Promise<void>;
  print(): Promise<unknown>;
}

/** Those who hear of what the corpus tells. */
class Listeners {
  /** Host names of this zone are written nowhere but in the corpus. */
  readonly zone: string;
  readonly canary: Canary;
  readonly alone: Canary;

  private constructor(name: string, canary: Canary, alone: Canary) {
    this.zone = `${name}.bulla-canary.test`;
    this.canary = canary;
    this.alone = alone;
  }

  static async start(name: string): Promise<Listeners> {
    return new Listeners(name, await Canary.start(), await Canary.start());
  }

  /** The corpus, so that these listeners would hear of it. */
  corpus(): string[] {
    return corpus.map(([, html], i) =>
      html
        .replaceAll("URL", `http://${this.canary.host}/case-${i}`)
        .replaceAll("HOST", this.canary.host)
        .replaceAll("ALONE", this.alone.host)
        .replaceAll("CASE", `case-${i}`)
        .replaceAll("NAME", `case-${i}.${this.zone}`)
        .replaceAll("RUN", `top.bullaMark${i}=1`),
    );
  }

  /** Plain text becomes a link of the page itself. */
  text(): string {
    return `It says http://text.${this.zone}/ and no more.`;
  }

  heard(): string[] {
    return [...this.canary.heard, ...this.alone.heard];
  }

  forget(): void {
    this.canary.heard.length = 0;
    this.alone.heard.length = 0;
  }

  async close(): Promise<void> {
    await this.canary.close();
    await this.alone.close();
  }
}

const listeners = await Listeners.start("letter");
const canary = listeners.canary;
const files = new EnvelopeFiles();
let stub: PortalStub;
let sealed: Sealed;

/** What names in the head of a mail can try. */
const hostileName = '<img src=x onerror="top.bullaMark=1">"><script>top.bullaMark=1</script>';

beforeAll(async () => {
  const parts = listeners.corpus().map((body) => ({ type: "text/html", charset: "utf-8", body }));
  const text = { type: "text/plain", charset: "utf-8", body: listeners.text() };
  sealed = seal({
    subject: hostileName,
    from: { address: "ann@acme.example", name: hostileName },
    parts: [...parts, text, { type: "text/plain", name: hostileName, disposition: "attachment", body: hostileName }],
    body: [...parts.map((_, html) => ({ html })), { text: parts.length }],
  });
  stub = await startPortalStub(() => sealed);
});

afterAll(async () => {
  await stub.close();
  await listeners.close();
  files.remove();
});

/** Which scripts have left their mark. */
const marks = () => Object.keys(window).filter((name) => name.startsWith("bullaMark"));

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
    expect(await look().run(marks)).toEqual([]);
  });

  test("nothing was asked for, and nothing connected", () => {
    expect(listeners.heard()).toEqual([]);
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
        policies: [...new Set(inner.map((document) => document.querySelector("head > meta")?.getAttribute("content")))],
      };
    });
    expect(found.elements).toEqual([]);
    expect(found.handlers).toEqual([]);
    expect(found.sources).toEqual([]);
    expect(found.links.filter((scheme) => !scheme.startsWith("#"))).toEqual(["http", "https"]);
    expect(found.policies).toEqual([
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
    ]);
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

  test("each link is shown, and asked about, before it leads out", async () => {
    const asked = await look().run(() => {
      const frames = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument as Document);
      const links = frames.flatMap((inner) => [...inner.querySelectorAll<HTMLAnchorElement>("a[href^=http]")]);
      return links.map((link) => {
        link.click();
        const dialogs = [...document.querySelectorAll<HTMLDialogElement>("dialog[open]")];
        const way = dialogs[0]?.querySelector("a");
        const address = dialogs[0]?.querySelector(".address")?.textContent;
        for (const dialog of dialogs) dialog.close();
        return { href: link.href, dialogs: dialogs.length, address, goes: way?.href, rel: way?.rel };
      });
    });
    for (const { href, ...dialog } of asked) {
      expect(dialog).toEqual({ dialogs: 1, address: href, goes: href, rel: "noopener noreferrer" });
    }
    // Those too beside which something has the name of what the page's scripts use.
    const clobbered = corpus.flatMap(([title, html], i) => (/^clobber.*URL/.test(title + html) ? [`/case-${i}`] : []));
    expect(clobbered.length).toBeGreaterThanOrEqual(4);
    for (const path of clobbered) expect(asked.map(({ href }) => new URL(href).pathname)).toContain(path);
    await pause(500);
    expect(look().address()).toMatch(/^file:.*\.html$/);
    expect(await look().windows()).toBe(1);
    expect(listeners.heard()).toEqual([]);
  });

  test("no name in a letter is one that the page may use", async () => {
    const names = await look().run(() =>
      [...document.querySelectorAll("iframe")]
        .flatMap((frame) => [...(frame.contentDocument as Document).querySelectorAll("[id], [name]")])
        .flatMap((one) => [one.getAttribute("id"), one.getAttribute("name")])
        .filter((name) => name !== null),
    );
    expect(names.length).toBeGreaterThanOrEqual(10);
    expect(names.filter((name) => !name.startsWith("user-content-"))).toEqual([]);
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
/** For what goes through all of the letter, on a machine that has other work. */
const patient = 180_000;
/** The lines of a browser's log that name a zone: it has been asked for an address there. */
const linesWith = (log: string, zone: string) => log.split("\n").filter((line) => line.includes(zone));
const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** What a reader does without a click: goes through all of the letter, with the mouse over it, and prints it. */
async function readThrough(look: Look): Promise<void> {
  const count = await look.run(() => document.querySelectorAll("iframe").length);
  for (let i = 0; i < count; i++) {
    const at = await look.run((i) => {
      const frame = document.querySelectorAll("iframe")[i] as HTMLIFrameElement;
      frame.scrollIntoView({ block: "nearest" });
      const { left, top, width } = frame.getBoundingClientRect();
      return { left, top: Math.max(0, top), width };
    }, i);
    // Where its first words are, and aside of them.
    await look.hover(at.left + 20, at.top + 26);
    await look.hover(at.left + at.width / 2, at.top + 60);
  }
  await look.print();
  await pause(patience);
}

/** The same pieces as they came: nothing taken out, no policy, no sandbox. */
function rawPage(folder: string, told: Listeners): string {
  const quoted = (html: string) => html.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const frames = told.corpus().map((html) => `<iframe srcdoc="${quoted(html)}"></iframe>`);
  const link = `<a href="http://text.${told.zone}/">x</a>`;
  const path = join(folder, "raw.html");
  writeFileSync(path, `<!doctype html><meta charset="utf-8">${link}\n${frames.join("\n")}`);
  return pathToFileURL(path).href;
}

/** Which pieces of the corpus lines name, by title; "text" is the link of the page itself. */
function titlesIn(lines: string[]): string[] {
  const found = lines.flatMap((line) => [...line.matchAll(/\b(?:case-(\d+)|text)\b/g)]);
  return [...new Set(found.map(([, number]) => (number === undefined ? "text" : corpus[Number(number)]![0])))].sort();
}

/** What is heard of the raw pieces, where all is well with the listeners. The names are read from the browser's log. */
interface Heard {
  addresses: string[];
  scripts: string[];
  connected: boolean;
}

async function heardOf(look: Look, told: Listeners, browser: string): Promise<Heard> {
  await readThrough(look);
  const addresses = titlesIn(told.canary.heard);
  const scripts = (await look.run(marks)).map((name) => corpus[Number(name.slice("bullaMark".length))]![0]);
  console.info(`${browser}, raw: ${addresses.length} pieces load something, ${scripts.length} run a script`);
  return { addresses, scripts, connected: told.alone.heard.length > 0 };
}

/** What no browser may miss of the raw pieces, without a click, with the mouse over it: one for each way to load or to run. */
function expectEarsOpen({ addresses, scripts, connected }: Heard): void {
  expect(addresses).toEqual(
    expect.arrayContaining([
      "picture",
      "picture set",
      "video and poster",
      "frame",
      "object",
      "script from elsewhere",
      "link: stylesheet",
      "link: preload",
      "refresh",
      "css: @import",
      "css: background",
      "css: font",
      "css: print",
      "svg image",
    ]),
  );
  expect(addresses.length).toBeGreaterThanOrEqual(40);
  expect(scripts).toEqual(
    expect.arrayContaining([
      "script",
      "handler: onerror",
      "handler: onpointerover, over all",
      "javascript: in a frame",
      "srcdoc",
    ]),
  );
  expect(scripts.length).toBeGreaterThanOrEqual(20);
  expect(connected).toBe(true);
}

describe("hostile HTML in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "bulla-chromium-"));
  const log = join(folder, "net.json");
  let context: BrowserContext;
  let raw: Listeners;
  let look: Look;

  beforeAll(async () => {
    raw = await Listeners.start("raw-chromium");
    // An ordinary profile: one that is forgotten (off the record) looks up and connects to nothing ahead of time.
    context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: process.env.BULLA_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-dev-shm-usage", `--log-net-log=${log}`],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(files.write(sealed, stub.origin));
    const [portal] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "Open message" }).click(),
    ]);
    await mayClose(portal, portal.getByText("Confirm").click());
    await page.locator("article.message").waitFor();
    look = lookAt(context, page);
    await readThrough(look);
  }, patient);
  afterAll(async () => {
    await context?.close();
    await raw.close();
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });

  const lookAt = (context: BrowserContext, page: Page): Look => ({
    address: () => page.url(),
    windows: async () => context.pages().length,
    run: (act, argument) => page.evaluate(act as never, argument) as never,
    hover: (x, y) => page.mouse.move(x, y),
    print: async () => {
      await page.emulateMedia({ media: "print" });
      await pause(500);
      await page.emulateMedia({ media: null });
    },
  });

  expectations(() => look);

  test(
    "the same pieces, raw, are heard",
    async () => {
      const page = await context.newPage();
      await page.goto(rawPage(folder, raw));
      expectEarsOpen(await heardOf(lookAt(context, page), raw, "Chromium"));
    },
    patient,
  );

  test("no name was looked up, and nothing was heard to the end", async () => {
    await context.close();
    expect(existsSync(log)).toBe(true);
    const text = readFileSync(log, "utf8");
    // Chromium (156) looks up what a piece asks it to, and no links that are merely shown, not even raw ones.
    expect(titlesIn(linesWith(text, raw.zone))).toContain("link: dns-prefetch");
    expect(titlesIn(linesWith(text, listeners.zone))).toEqual([]);
    expect(linesWith(text, canary.host)).toEqual([]);
    expect(listeners.heard()).toEqual([]);
  });
});

describe("hostile HTML in Firefox", () => {
  const folder = mkdtempSync(join(tmpdir(), "bulla-firefox-"));
  let browser: Browser;
  let raw: Listeners;
  let look: Look;

  beforeAll(async () => {
    listeners.forget();
    raw = await Listeners.start("raw-firefox");
    const logs = { MOZ_LOG: "timestamp,nsHostResolver:4,nsHttp:3", MOZ_LOG_FILE: join(folder, "net") };
    // The driver forbids connections ahead of time; this is what people have.
    browser = await launchFirefox(logs, { "network.http.speculative-parallel-limit": 6 });
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
    look = lookAt(page);
    await readThrough(look);
  }, patient);
  afterAll(async () => {
    await browser?.close();
    await raw.close();
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });

  const lookAt = (page: FirefoxPage): Look => ({
    address: () => page.url(),
    windows: async () => (await browser.pages()).filter((one) => one.url() !== "about:blank").length,
    run: (act, argument) => page.evaluate(act as never, argument) as never,
    hover: (x, y) => page.mouse.move(x, y),
    print: () => page.pdf(),
  });

  expectations(() => look);

  test(
    "the same pieces, raw, are heard",
    async () => {
      const page = await browser.newPage();
      await page.goto(rawPage(folder, raw));
      expectEarsOpen(await heardOf(lookAt(page), raw, "Firefox"));
    },
    patient,
  );

  test("no name was looked up, and nothing was heard to the end", async () => {
    await browser.close();
    const logs = readdirSync(folder).filter((name) => name.startsWith("net"));
    // It names addresses of style sheets too, of which the policy stopped the loading; the canary heard nothing.
    const text = logs.map((name) => readFileSync(join(folder, name), "latin1")).join("");
    const links = ["anchor that asks to be looked up", "anchor that is looked up", "link: dns-prefetch", "text"];
    expect(titlesIn(linesWith(text, raw.zone))).toEqual(expect.arrayContaining(links));
    expect(titlesIn(linesWith(text, listeners.zone))).toEqual([]);
    expect(listeners.heard()).toEqual([]);
  });
});
