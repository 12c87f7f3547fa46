import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Page as FirefoxPage } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "./lib/chromium.ts";
import {
  askForCode,
  choosePassword,
  confirm,
  giveCode,
  openedMessage,
  pressOpen,
  saveAttachment,
  saveOriginal,
  signIn,
} from "./lib/drive.ts";
import { fill, launchFirefox, press } from "./lib/firefox.ts";
import { type Expected, Stack } from "./lib/stack.ts";

// From SMTP to pixels, with the real programs: a letter of text, HTML, a picture and three attachments, one of 20 MB.
const [to, cc, bcc, late] = ["bob@example.org", "carol@example.org", "dave@example.org", "erin@example.org"] as const;
const password = "correct horse battery staple";
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const small = ["--big", "1000"];

let stack: Stack;
let browser: Browser;
let sent: Expected & { original: Buffer };

beforeAll(async () => {
  [stack, browser] = await Promise.all([Stack.start(), launchChromium()]);
  sent = stack.send("--to", to, late, "--cc", cc, "--bcc", bcc);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await stack?.close();
}, 60_000);

/** What the profiles of Chromium have asked of anybody in the network: address, header fields and body of each request. */
const asked: { origin: string; data: string }[] = [];

/** profile is a browser that has never been here. */
async function profile(): Promise<BrowserContext> {
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!protocol.startsWith("http")) return;
    const head = `${request.method()} ${request.url()} ${JSON.stringify(request.headers())}`;
    asked.push({ origin, data: head + (request.postDataBuffer()?.toString("latin1") ?? "") });
  });
  return context;
}

/** spelled gives the ways in which a text, or bytes, may stand in a request. */
function spelled(what: string | Buffer): string[] {
  const bytes = Buffer.from(what);
  const text = bytes.toString("utf8");
  const base64 = [0, 2, 3].flatMap((cut, before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const known = whole.slice(cut, Math.floor((before + bytes.length) / 3) * 4);
    return [known, known.replaceAll("+", "-").replaceAll("/", "_")];
  });
  return [
    bytes.toString("latin1"),
    bytes.toString("hex"),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    ...base64,
  ];
}

const holds = (data: string, what: string | Buffer) => spelled(what).some((form) => data.includes(form));

function block(html: string, name: string): Buffer {
  const text = html.split(`id="bulla-${name}">`)[1]?.split("</script>")[0];
  return Buffer.from(text ?? "", "base64");
}

/** nothingWasTold looks for the letter, the envelope and the passwords in all that was asked so far. */
function nothingWasTold(file: string, ...passwords: string[]): void {
  const html = readFileSync(fileURLToPath(file), "latin1");
  const payload = block(html, "payload");
  const [, , id = "", half = ""] = (block(html, "header").toString("latin1").split("\n")[1] ?? "").split(" ");
  const pieces = [0.1, 0.3, 0.5, 0.7, 0.9]
    .map((part) => Math.floor(part * payload.length))
    .map((at) => payload.subarray(at, at + 48));
  // The search finds what is there: in the file, in the mail, and what the key server is to know.
  const whole = html.replaceAll(/\s/g, "");
  for (const piece of pieces) expect(holds(whole, piece)).toBe(true);
  expect(holds(sent.original.toString("latin1"), "bars.png")).toBe(true);
  const all = asked.map((one) => one.data).join("\n");
  for (const known of [id, to, "/v1/registration/finish", "/release"]) expect(holds(all, known), known).toBe(true);
  expect(asked.length).toBeGreaterThan(5);
  expect(new Set(asked.map((one) => one.origin))).toEqual(new Set([stack.at.origin]));

  const names = sent.attachments.map((one) => one.name);
  const texts = ["Plain words", "Grüße aus Köln", "Übersicht für das Jahr", "The mail inside the mail", "bars.png"];
  const keys = [Buffer.from(half, "base64url"), "AGE-SECRET-KEY-1"];
  for (const secret of [...texts, ...names, ...passwords, ...keys, ...pieces])
    expect(holds(all, secret), String(secret)).toBe(false);
}

async function openFile(context: BrowserContext, file: string): Promise<{ envelope: Page; portal: Page }> {
  const envelope = await context.newPage();
  await envelope.goto(file);
  return { envelope, portal: await pressOpen(envelope) };
}

async function register(portal: Page, address: string): Promise<void> {
  await askForCode(portal);
  await giveCode(portal, await stack.code(address));
  await choosePassword(portal, password);
}

/** everythingIsThere holds what is shown, and what is saved, against what went in. */
async function everythingIsThere(envelope: Page): Promise<void> {
  await openedMessage(envelope).waitFor({ timeout: 90_000 });
  const letter = envelope.frameLocator("iframe");
  await letter.getByRole("heading", { name: "Grüße aus Köln" }).waitFor();
  const picture = await letter.locator("img").evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    return { width: image.naturalWidth, source: image.src };
  });
  expect(picture.width).toBe(360);
  expect(sha256(Buffer.from(picture.source.split("base64,")[1] ?? "", "base64"))).toBe(sent.picture);
  for (const attachment of sent.attachments) {
    const saved = await saveAttachment(envelope, attachment.name);
    expect(saved.name).toBe(attachment.name);
    expect(sha256(readFileSync(saved.path)), attachment.name).toBe(attachment.sha256);
  }
  const original = await saveOriginal(envelope);
  expect(readFileSync(original.path).equals(sent.original)).toBe(true);
}

test("the recipient registers, activates, reads and saves, from a file", async () => {
  const context = await profile();
  const file = await stack.envelope(to);
  const { envelope, portal } = await openFile(context, file);
  await register(portal, to);
  await confirm(portal);
  await everythingIsThere(envelope);
  nothingWasTold(file, password);
  await context.close();
}, 240_000);

test("a returning recipient in a second profile, after a wrong password", async () => {
  const context = await profile();
  const file = await stack.envelope(to);
  const { envelope, portal } = await openFile(context, file);
  await signIn(portal, "a password that is wrong");
  await portal
    .getByRole("alert")
    .filter({ hasText: /password/i })
    .first()
    .waitFor();
  await signIn(portal, password);
  await confirm(portal);
  await openedMessage(envelope).waitFor({ timeout: 90_000 });
  nothingWasTold(file, password, "a password that is wrong");
  await context.close();
}, 240_000);

test.each([
  ["a second recipient", cc],
  ["a Bcc recipient", bcc],
])(
  "%s reads the same letter",
  async (_, address) => {
    const context = await profile();
    const { envelope, portal } = await openFile(context, await stack.envelope(address));
    await register(portal, address);
    await confirm(portal);
    await openedMessage(envelope).waitFor({ timeout: 90_000 });
    const original = await saveOriginal(envelope);
    const saved = readFileSync(original.path);
    expect(saved.equals(sent.original)).toBe(true);
    expect(saved.includes(bcc)).toBe(false);
    await context.close();
  },
  240_000,
);

test("both programs are killed in the middle of it, and it goes on", async () => {
  const context = await profile();
  const { envelope, portal } = await openFile(context, await stack.envelope(late));
  await askForCode(portal);
  const code = await stack.code(late);
  await stack.command("kill keyserver");
  await stack.command("start keyserver");
  await giveCode(portal, code);
  await stack.command("kill gateway");
  await choosePassword(portal, password);
  await confirm(portal);
  await openedMessage(envelope).waitFor({ timeout: 90_000 });
  await context.close();
  await stack.command("start gateway");
  stack.send("--to", late, ...small);
  expect(await stack.envelope(late, 2)).toContain("secure-message");
}, 240_000);

test("the first opening in Firefox", async () => {
  const address = "fred@example.org";
  stack.send("--to", address, ...small);
  const file = await stack.envelope(address);
  const firefox = await launchFirefox();
  try {
    const page = await firefox.newPage();
    await page.goto(file);
    const target = firefox.waitForTarget((one) => one.type() === "page" && one.url().startsWith(stack.at.origin));
    await press(page, "Open message");
    const portal = (await (await target).page()) as FirefoxPage;
    await press(portal, "Send me the code");
    await fill(portal, "#code", await stack.code(address));
    await press(portal, "Continue");
    await fill(portal, "#password", password);
    await fill(portal, "#repeat", password);
    await press(portal, "Set the password");
    await portal.bringToFront();
    await press(portal, "Yes, open it");
    await page.waitForSelector("article.message", { timeout: 60_000 });
    const text = await page.waitForFunction(
      () => document.querySelector("iframe")?.contentDocument?.querySelector("h1")?.textContent,
    );
    expect(await text.jsonValue()).toBe("Grüße aus Köln");
  } finally {
    await firefox.close();
  }
}, 240_000);
