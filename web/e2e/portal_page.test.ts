import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Page as FirefoxPage } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium } from "./lib/chromium.ts";
import {
  askForCode,
  choosePassword,
  confirm,
  enterCode,
  giveAddress,
  giveCode,
  mayClose,
  openedMessage,
  pressOpen,
  releaseCode,
  signIn,
} from "./lib/drive.ts";
import { EnvelopeFiles } from "./lib/files.ts";
import { fill, launchFirefox, press } from "./lib/firefox.ts";
import { MockKeyServer } from "./lib/mock_keyserver.ts";
import { contract } from "./lib/states.ts";

// The portal's pages under the policy that the key server sends, with a key server in memory.
const files = new EnvelopeFiles();
const password = "correct horse battery";
let browser: Browser;
let server: MockKeyServer;
let context: BrowserContext;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  files.remove();
});
beforeEach(async () => {
  server = await MockKeyServer.start();
  server.sealed = contract;
  context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  complaints.length = 0;
  context.on("console", (message) => {
    if (/policy|trusted|refused/i.test(message.text())) complaints.push(message.text());
  });
});
afterEach(async () => {
  await context.close();
  await server.close();
});

async function register(portal: Page): Promise<void> {
  await askForCode(portal);
  await giveCode(portal, server.mailedCode);
  await choosePassword(portal, password);
}

async function envelope(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(files.write(contract, server.origin));
  return page;
}

describe("a recipient", () => {
  test("registers, opens, returns, and mistypes the password", async () => {
    const page = await envelope();
    const first = await pressOpen(page);
    await register(first);
    await confirm(first);
    await openedMessage(page).waitFor();
    expect(server.requests).toContain("DELETE /v1/session");

    await page.reload();
    const second = await pressOpen(page);
    await giveAddress(second, "  BOB@example.org ");
    await signIn(second, "another password");
    await second.getByText("That password is not right.").waitFor();
    await signIn(second, password);
    await confirm(second);
    await openedMessage(page).waitFor();
    expect(complaints).toEqual([]);
    expect(await context.cookies()).toEqual([]);
  });

  test("uses up the tries of a code, and gets another", async () => {
    const portal = await pressOpen(await envelope());
    await askForCode(portal);
    for (const left of ["4 tries", "3 tries", "2 tries", "one try"]) {
      await giveCode(portal, "00000000");
      await portal.getByText(`You have ${left} left.`).waitFor();
    }
    await giveCode(portal, "00000000");
    await portal.getByText("That code is used up or out of time.").waitFor();
    expect(await portal.getByLabel("Code", { exact: true }).count()).toBe(0);
    await askForCode(portal);
    await giveCode(portal, server.mailedCode);
    await portal.getByRole("heading", { name: "Choose a password" }).waitFor();
  });

  test("pastes a code with blanks, and may not choose a weak password", async () => {
    const portal = await pressOpen(await envelope());
    await askForCode(portal);
    await giveCode(portal, "1234 5678");
    await portal.getByLabel("Password", { exact: true }).fill("aaaaaaaaaaaa");
    await portal.getByText("Too easy to guess").waitFor();
    await portal.keyboard.press("Enter");
    const alert = portal.getByRole("alert");
    await alert.getByText("too easy to guess").waitFor();
    await portal.getByLabel("Password", { exact: true }).fill("short");
    expect(await portal.locator("#problem").textContent()).toBe("");
    await portal.getByRole("button", { name: "Set the password" }).click();
    await alert.getByText("too short").waitFor();
    expect(server.requests.some((request) => request.includes("registration"))).toBe(false);
  });

  test("types the new password twice, the same, and can look at both", async () => {
    const portal = await pressOpen(await envelope());
    await askForCode(portal);
    await giveCode(portal, server.mailedCode);
    await portal.getByText("cannot be reset").waitFor();
    const [field, again] = [
      portal.getByLabel("Password", { exact: true }),
      portal.getByLabel("The same password again"),
    ] as const;
    await field.fill(password);
    await portal.keyboard.press("Enter");
    await portal.getByRole("alert").getByText("a second time").waitFor();
    expect(await again.evaluate((one) => one === document.activeElement)).toBe(true);
    await portal.keyboard.type(`${password}r`);
    await portal.keyboard.press("Enter");
    await portal.getByRole("alert").getByText("not the same").waitFor();
    expect(server.requests.some((request) => request.includes("registration"))).toBe(false);
    await portal.getByRole("button", { name: "Show" }).click();
    for (const one of [field, again]) {
      expect(await one.getAttribute("type")).toBe("text");
      expect(await one.getAttribute("autocomplete")).toBe("new-password");
    }
    await again.fill(password);
    await portal.keyboard.press("Enter");
    await portal.getByText("Yes, open it").waitFor();
  });

  test("cancels: both pages know, and the window is closed", async () => {
    const page = await envelope();
    const portal = await pressOpen(page);
    const closed = portal.waitForEvent("close");
    await mayClose(portal, portal.getByRole("button", { name: "Cancel" }).click());
    await closed;
    await page.getByRole("heading", { name: "You cancelled" }).waitFor();
  });

  test("has the address filled in: the server does not know it, or a stranger's link has nonsense", async () => {
    const other = await context.newPage();
    await other.goto(
      files.write(contract, server.origin, (html) => html.replace('bob@example.org",', 'eve@example.org",')),
    );
    const portal = await pressOpen(other);
    await portal.getByText("not addressed to that address").waitFor();
    expect(await portal.getByLabel("E-mail address").inputValue()).toBe("eve@example.org");

    const request = `${contract.id}.${"A".repeat(43)}`;
    const hints = [
      "<img src=x onerror=document.title='run'>@x.example",
      "bob\u202e@example.org",
      "a".repeat(330),
      "\u0000",
    ];
    for (const hint of [...hints.map((text) => Buffer.from(text).toString("base64url")), "_w", "YUB4_w"]) {
      const page = await context.newPage();
      await page.goto(`${server.origin}/open#${request}.${hint}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (hint.length < 428) expect(await page.getByLabel("E-mail address").inputValue()).toBe("");
      else await page.getByRole("heading", { name: "There is nothing to open here" }).waitFor();
      expect(await page.locator("main img").count()).toBe(0);
      await page.close();
    }
    expect(server.requests.filter((one) => one.endsWith("/look"))).toHaveLength(1);
  });

  test("with a link of before, without a hint, is asked for the address", async () => {
    const portal = await context.newPage();
    await portal.goto(`${server.origin}/open#${contract.id}.${"A".repeat(43)}`);
    await portal.getByLabel("E-mail address").fill(server.address);
    await portal.getByRole("button", { name: "Continue" }).click();
    await portal.getByRole("heading", { name: "Set up your access" }).waitFor();
  });

  test("who has no page that waits copies a code", async () => {
    const page = await envelope();
    await page.evaluate(() => {
      window.open = () => null;
    });
    await page.getByRole("button", { name: "Open message" }).click();
    const portal = await context.newPage();
    await portal.goto(await page.locator(".address").innerText());
    await register(portal);
    expect(await portal.getByRole("button", { name: "Cancel" }).count()).toBe(0);
    await confirm(portal);
    const code = await releaseCode(portal);
    expect(code.length).toBeGreaterThanOrEqual(86);
    await enterCode(page, code);
    await openedMessage(page).waitFor();
  });

  test("reloads the page on the way, and comes to the same message", async () => {
    const page = await envelope();
    const portal = await pressOpen(page);
    await portal.getByRole("heading", { name: "Set up your access" }).waitFor();
    expect(portal.url()).toBe(`${server.origin}/open`);
    await portal.reload();
    await register(portal);
    await confirm(portal);
    await openedMessage(page).waitFor();
  });
});

describe("the page", () => {
  test("releases nothing before the button is armed, nor by a script", async () => {
    const portal = await pressOpen(await envelope());
    await register(portal);
    const button = portal.getByRole("button", { name: "Yes, open it" });
    await button.waitFor();
    await button.dispatchEvent("click");
    await portal.locator('button[aria-disabled="false"]', { hasText: "Yes, open it" }).waitFor();
    await portal.evaluate(() => {
      for (const one of document.querySelectorAll("button")) if (one.textContent?.startsWith("Yes")) one.click();
    });
    expect(await button.isVisible()).toBe(true);
    expect(server.requests.some((request) => request.endsWith("/release"))).toBe(false);
  });

  test("mails no code to a script, and no second one", async () => {
    const asked = () => server.requests.filter((request) => request === "POST /v1/codes").length;
    const pressAll = () => {
      for (const one of document.querySelectorAll("button")) if (/code/i.test(one.textContent ?? "")) one.click();
    };
    const portal = await pressOpen(await envelope());
    await portal.getByRole("button", { name: "Send me the code" }).waitFor();
    await portal.evaluate(pressAll);
    await portal.waitForTimeout(500);
    expect(asked()).toBe(0);
    await askForCode(portal);
    expect(asked()).toBe(1);
    await portal.evaluate(pressAll);
    await portal.waitForTimeout(500);
    expect(asked()).toBe(1);
  });

  test("gives nothing to a website that opens it and greets", async () => {
    const page = await envelope();
    const address = await (async () => {
      await page.evaluate(() => {
        window.open = () => null;
      });
      await page.getByRole("button", { name: "Open message" }).click();
      return await page.locator(".address").innerText();
    })();
    const website: Server = createServer((_, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<!doctype html><title>Evil</title><button>x</button>");
    });
    await new Promise<void>((resolve) => website.listen(0, "127.0.0.1", resolve));
    const evil = await context.newPage();
    await evil.goto(`http://127.0.0.1:${(website.address() as AddressInfo).port}/`);
    const popup = evil.waitForEvent("popup");
    await evil.evaluate(
      ([to, id]) => {
        const heard: unknown[] = [];
        Object.assign(window, { heard });
        addEventListener("message", (event) => heard.push(event.data));
        const other = window.open(to, "_blank");
        setInterval(() => other?.postMessage({ bulla: 1, type: "greeting", id }, "*"), 50);
      },
      [address, contract.id] as const,
    );
    const portal = await popup;
    await register(portal);
    await confirm(portal);
    await portal.getByRole("heading", { name: "Copy this code" }).waitFor();
    // Whoever lured the person here asks for the code next.
    expect(await portal.getByText("not on a website").isVisible()).toBe(true);
    expect(await evil.evaluate(() => (window as unknown as { heard: unknown[] }).heard)).toEqual([]);
    await new Promise<void>((resolve) => {
      website.closeAllConnections();
      website.close(() => resolve());
    });
  });

  test("the password is in no request, and no address has the envelope's key", async () => {
    const bodies: string[] = [];
    context.on("request", (request) => bodies.push(`${request.url()} ${request.postData() ?? ""}`));
    const page = await envelope();
    const portal = await pressOpen(page);
    await register(portal);
    await confirm(portal);
    await openedMessage(page).waitFor();
    const sent = bodies.filter((body) => body.startsWith(server.origin)).join("\n");
    expect(sent).toContain("/v1/registration/finish");
    expect(sent).not.toContain(password);
    expect(sent).not.toContain(encodeURIComponent(password));
    expect(server.requests.some((request) => request.includes("#") || request.includes("/open?"))).toBe(false);
  });

  test("the landing page works without scripts", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(server.origin);
    await page.getByRole("heading", { name: "Somebody sent you a secure message?" }).waitFor();
    await plain.close();
  });
});

test("the whole way in Firefox, from a file", async () => {
  const firefox = await launchFirefox();
  try {
    const page = await firefox.newPage();
    await page.goto(files.write(contract, server.origin));
    const target = firefox.waitForTarget((one) => one.type() === "page" && one.url().startsWith(server.origin));
    await press(page, "Open message");
    const portal = (await (await target).page()) as FirefoxPage;
    await press(portal, "Send me the code");
    await fill(portal, "#code", server.mailedCode);
    await press(portal, "Continue");
    await fill(portal, "#password", password);
    await fill(portal, "#repeat", password);
    await press(portal, "Set the password");
    await portal.bringToFront();
    await press(portal, "Yes, open it");
    await page.waitForSelector("article.message", { timeout: 30_000 });
    expect(await page.$eval("h1", (one) => one.textContent)).toBe("Contract for the new office: please sign by Friday");
    const shown = () => {
      const inner = document.querySelector("iframe")?.contentDocument;
      return { text: inner?.body.innerText, picture: inner?.images[0]?.naturalWidth };
    };
    await page.waitForFunction(
      () => (document.querySelector("iframe")?.contentDocument?.images[0]?.naturalWidth ?? 0) > 0,
    );
    const letter = await page.evaluate(shown);
    expect(letter.text).toContain("Please read section 4");
    expect(letter.picture).toBe(320);
  } finally {
    await firefox.close();
  }
});
