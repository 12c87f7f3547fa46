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
  await giveAddress(portal, server.address);
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
    await giveAddress(portal, server.address);
    await askForCode(portal);
    for (const left of ["4 tries", "3 tries", "2 tries", "one try"]) {
      await giveCode(portal, "00000000");
      await portal.getByText(`You have ${left} left.`).waitFor();
    }
    await giveCode(portal, "00000000");
    await portal.getByText("That code is used up or out of time.").waitFor();
    await askForCode(portal);
    await giveCode(portal, server.mailedCode);
    await portal.getByRole("heading", { name: "Choose a password" }).waitFor();
  });

  test("pastes a code with blanks, and may not choose a weak password", async () => {
    const portal = await pressOpen(await envelope());
    await giveAddress(portal, server.address);
    await askForCode(portal);
    await giveCode(portal, "1234 5678");
    await portal.getByLabel("Password", { exact: true }).fill("aaaaaaaaaaaa");
    await portal.getByText("Too easy to guess").waitFor();
    await portal.keyboard.press("Enter");
    expect(server.requests.some((request) => request.includes("registration"))).toBe(false);
    await portal.getByRole("button", { name: "Show" }).click();
    expect(await portal.getByLabel("Password", { exact: true }).getAttribute("type")).toBe("text");
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
    await portal.getByLabel("Your e-mail address").waitFor();
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
    await fill(portal, "#address", server.address);
    await press(portal, "Continue");
    await press(portal, "Send me the code");
    await fill(portal, "#code", server.mailedCode);
    await press(portal, "Continue");
    await fill(portal, "#password", password);
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
