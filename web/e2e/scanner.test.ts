import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "./lib/chromium.ts";
import { askForCode, pressOpen } from "./lib/drive.ts";
import { Stack } from "./lib/stack.ts";

// A program that looks into mail before its recipient does: it opens what is attached and linked in a browser, runs all
// scripts, presses and fills in what it finds. With the real programs, and the mails as they were delivered.

const patience = 5000;
const beat = 60;
const small = ["--big", "1000"];

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([Stack.start(), launchChromium()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await stack?.close();
}, 60_000);

/** What a scanner finds to try in one mail. */
interface Finds {
  links: string[];
  digits: string[];
}

function findsIn(mail: string): Finds {
  const plain = mail.replace(/=\r?\n/g, "").replace(/=3D/g, "=");
  // Lines of base64 and of the page's own program have digits by the thousand.
  const lines = plain.split(/\r?\n/).filter((line) => line.length < 200 && !/^[\w+/=]{60,}$/.test(line));
  const text = lines.join("\n");
  const found = (what: RegExp) => [...new Set(text.match(what) ?? [])];
  return {
    links: found(/https?:[/][/][^\s"'<>\\]+/g),
    digits: [
      ...new Set([
        ...found(/\d{4,}/g),
        ...lines.map((line) => line.replace(/\D/g, "")).filter((all) => all.length > 7),
      ]),
    ],
  };
}

/** What the scanner does in each page, again and again: fills in, sends off, presses. */
async function meddle({ digits, pressed }: { digits: string; pressed: string }): Promise<void> {
  for (const field of document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")) {
    if (field.type === "email") continue;
    const kind = field instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement;
    const value = field.type === "password" ? "a scanner's own long password" : digits;
    Object.getOwnPropertyDescriptor(kind.prototype, "value")?.set?.call(field, value);
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  // The page takes notice in its own time.
  await new Promise((go) => setTimeout(go, 20));
  for (const form of document.forms) form.requestSubmit();
  for (const one of document.querySelectorAll<HTMLElement>(pressed)) one.click();
}

/** busy meddles with every page of a browser for a while, or until something has happened. */
async function busy(
  context: BrowserContext,
  digits: string[],
  pressed: string,
  time = patience,
  done = () => false,
): Promise<void> {
  const deadline = Date.now() + time;
  for (let round = 0; Date.now() < deadline && !done(); round++) {
    const what = { digits: digits[round % digits.length] ?? "", pressed };
    // A page that is just leaving takes no script.
    await Promise.all(context.pages().map((page) => page.evaluate(meddle, what).catch(() => {})));
    await new Promise((go) => setTimeout(go, beat));
  }
}

/** What a browser asks of the key server, "METHOD /path". */
function recorded(context: BrowserContext): string[] {
  const asked: string[] = [];
  context.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === stack.at.origin) asked.push(`${request.method()} ${pathname}`);
  });
  return asked;
}

/** scan looks into one mail as a scanner does, and returns what it asked of the key server. */
async function scan(mail: string, file: string | undefined, pressed: string): Promise<string[]> {
  const context = await browser.newContext();
  const asked = recorded(context);
  const { links, digits } = findsIn(mail);
  for (const target of [...(file ? [file] : []), ...links]) {
    const page = await context.newPage();
    await page.goto(target).catch(() => {});
  }
  await busy(context, digits, pressed);
  await context.close();
  return asked;
}

/** The steps of what was asked that prove something, or have a mail sent. */
const steps = (asked: string[]) => asked.filter((one) => /codes$|registration|session|release/.test(one));
const everything = "button, a, summary, [role=button]";
const forward = ".button.primary, button[type=submit]";

test.each([
  ["presses everything", "everything@example.org", everything],
  ["goes forward only", "forward@example.org", forward],
])(
  "a scanner that %s gains nothing, and asks for no code",
  async (_, address, pressed) => {
    stack.send("--to", address, ...small);
    const file = await stack.envelope(address);
    const asked = await scan(stack.mails(address)[0]!, file, pressed);
    // It came as far as the page that offers to mail a code.
    expect(asked).toContain("POST /v1/opening/look");
    expect(steps(asked)).toEqual([]);
    expect(stack.mails(address)).toHaveLength(1);

    // The recipient asks for it, and the scanner sees that mail first.
    const context = await browser.newContext();
    const byPerson = recorded(context);
    const page = await context.newPage();
    await page.goto(file);
    await askForCode(await pressOpen(page));
    const code = await stack.code(address);
    const [first, mail, ...more] = stack.mails(address);
    expect(more).toEqual([]);
    expect(findsIn(mail!).digits).toContain(code);
    expect(steps(await scan(mail!, undefined, pressed))).toEqual([]);

    // Nor has the first mail what the page that asked is waiting for.
    await busy(context, findsIn(first!).digits, pressed);
    expect(steps(byPerson)).toEqual(["POST /v1/codes"]);
    await context.close();
  },
  180_000,
);

test("the same scanner, given the page that asked and the code of another mail, registers; a script releases nothing", async () => {
  const address = "control@example.org";
  stack.send("--to", address, ...small);
  const context = await browser.newContext();
  const asked = recorded(context);
  const page = await context.newPage();
  await page.goto(await stack.envelope(address));
  await askForCode(await pressOpen(page));
  const digits = [await stack.code(address)];
  await busy(context, digits, forward, 90_000, () => asked.includes("POST /v1/registration/finish"));
  expect(asked).toContain("POST /v1/registration/finish");
  await busy(context, digits, everything);
  expect(asked.filter((one) => one.endsWith("/release"))).toEqual([]);
  await context.close();
}, 180_000);
