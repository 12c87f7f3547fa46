import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium } from "./lib/chromium.ts";
import { enterCode, mayClose, openedMessage, pressOpen, saveAttachment, saveOriginal } from "./lib/drive.ts";
import { EnvelopeFiles } from "./lib/files.ts";
import { MockKeyServer } from "./lib/mock_keyserver.ts";
import { picture } from "./lib/pictures.ts";
import { type PortalStub, startPortalStub } from "./lib/portal_stub.ts";
import { releaseFor, type Sealed, seal } from "./lib/seal.ts";
import { states } from "./lib/states.ts";

// The envelope's page in Chromium, from a file, with a stand-in for the portal.
const files = new EnvelopeFiles();
const big = randomBytes(20 * 1024 * 1024);
const letter = seal({
  subject: "Grüße aus Köln",
  cc: [{ address: "carol@example.org", name: "" }],
  parts: [
    {
      type: "text/plain",
      charset: "iso-8859-1",
      encoding: "quoted-printable",
      body: "Gr=FC=DFe, see https://example.com/a.",
    },
    {
      type: "text/html",
      charset: "utf-8",
      body: '<p>Grüße <img src="cid:bars@x"> <a href="https://example.com/b">b</a></p>',
    },
    { type: "image/png", cid: "bars@x", name: "bars.png", disposition: "inline", body: picture, width: 76 },
    { type: "application/pdf", name: "見積書 2026.pdf", disposition: "attachment", body: randomBytes(5000), width: 76 },
    { type: "message/rfc822", name: "", disposition: "attachment", body: "Subject: inner\r\n\r\nHello\r\n" },
    { type: "text/x-script", name: "../.\u202eevil.exe", encoding: "base64", body: "SGVs\r\nbG8=" },
  ],
  body: [{ text: 0, html: 1 }],
});

let browser: Browser;
let stub: PortalStub;
let context: BrowserContext;
let page: Page;
let current: Sealed;

beforeAll(async () => {
  browser = await launchChromium();
  stub = await startPortalStub(() => current);
});
afterAll(async () => {
  await browser.close();
  await stub.close();
  files.remove();
});
beforeEach(async () => {
  current = letter;
  context = await browser.newContext({ acceptDownloads: true });
  context.setDefaultTimeout(15_000);
  page = await context.newPage();
});
afterEach(() => context.close());

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const press = (portal: Page, label: string) => mayClose(portal, portal.getByText(label).click());
const title = (text: string) => page.getByRole("heading", { name: text, level: 1 });

async function visit(sealed = letter, change?: (html: string) => string): Promise<void> {
  current = sealed;
  await page.goto(files.write(sealed, stub.origin, change));
}

async function open(sealed = letter): Promise<void> {
  await visit(sealed);
  await press(await pressOpen(page), "Confirm");
  await openedMessage(page).waitFor();
}

describe("a message that is opened", () => {
  test("shows its head, its letter and its attachments; the window is closed", async () => {
    await visit();
    await title("Ann Example sent you a secure message").waitFor();
    const portal = await pressOpen(page);
    await page.locator("#waiting", { hasText: "Waiting for you to confirm" }).waitFor();
    const closed = portal.waitForEvent("close");
    await press(portal, "Confirm");
    await title("Grüße aus Köln").waitFor();
    await closed;
    const text = await openedMessage(page).innerText();
    for (const word of [
      "Ann Example",
      "bob@example.org",
      "carol@example.org",
      "Acme Ltd, verified for acme.example",
      "3 attachments",
    ])
      expect(text).toContain(word);
    expect(await page.title()).toBe("Grüße aus Köln");
    await page.getByText("Opened on this device only").waitFor();
    const frame = page.frameLocator("iframe");
    await frame.getByText("Grüße").waitFor();
    const shown = frame.locator("img").evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth);
    expect(await shown).toBe(36);
  });

  test("shows its plain text on demand, in its charset, with links that ask", async () => {
    await open();
    await page.getByRole("button", { name: "Plain text" }).click();
    await page.getByText("Grüße, see").waitFor();
    await page.getByRole("link", { name: "https://example.com/a" }).click();
    await page.getByRole("dialog").getByText("example.com", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.getByRole("button", { name: "Formatted" }).click();
    await page.frameLocator("iframe").getByRole("link", { name: "b" }).click();
    await page.getByRole("dialog").getByText("https://example.com/b").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(context.pages()).toHaveLength(1);
  });

  test("asks about links that are clicked with the middle button, too", async () => {
    await open();
    const asked = page.getByRole("dialog");
    const middle = { button: "middle" } as const;
    await page.frameLocator("iframe").getByRole("link", { name: "b" }).click(middle);
    await asked.getByText("https://example.com/b").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Plain text" }).click();
    await page.getByRole("link", { name: "https://example.com/a" }).click({ button: "right" });
    expect(await asked.count()).toBe(0);
    await page.getByRole("link", { name: "https://example.com/a" }).click(middle);
    await asked.getByText("example.com", { exact: true }).waitFor();
    expect(context.pages()).toHaveLength(1);
  });

  test("gives back each part under a safe name, and the original", async () => {
    await open();
    const parts = [
      ["見積書 2026.pdf", letter.message.subarray(offsetOf(3), offsetOf(3) + 5000)],
      ["attachment-2.eml", Buffer.from("Subject: inner\r\n\r\nHello\r\n")],
      ["evil.exe", Buffer.from("Hello")],
    ] as const;
    for (const [name, bytes] of parts) {
      const saved = await saveAttachment(page, name);
      expect(saved.name).toBe(name);
      expect(sha256(readFileSync(saved.path))).toBe(sha256(bytes));
    }
    const original = await saveOriginal(page);
    expect(original.name).toBe("Grüße aus Köln.eml");
    expect(readFileSync(original.path).length).toBe(
      (letter.manifest.message as { original_size: number }).original_size,
    );
  });

  test("of 20 MB shows progress and comes out identical", async () => {
    const sealed = seal({
      parts: [
        { type: "text/plain", body: "Big" },
        { type: "application/octet-stream", name: "big.bin", disposition: "attachment", body: big, width: 76 },
      ],
      body: [{ text: 0 }],
    });
    await visit(sealed);
    const portal = await pressOpen(page);
    await press(portal, "Confirm");
    await page.getByRole("progressbar").waitFor();
    const saved = await saveAttachment(page, "big.bin");
    expect(sha256(readFileSync(saved.path))).toBe(sha256(big));
    const original = await saveOriginal(page);
    expect(readFileSync(original.path).toString("latin1")).toContain(
      big.toString("base64").replace(/.{76}(?=.)/g, "$&\r\n"),
    );
  });

  test("that could not be taken apart offers its original only", async () => {
    await open(seal({ parts: [{ type: "x/y", body: "raw" }], body: [], index: "none" }));
    await page.getByText("could not be taken apart").waitFor();
    await saveOriginal(page);
    expect(await page.getByRole("button", { name: /^Save / }).count()).toBe(1);
  });

  test("has no text and no subject", async () => {
    await open(seal({ subject: "", parts: [], body: [] }));
    await title("(no subject)").waitFor();
    await page.getByText("This message has no text.").waitFor();
  });
});

describe("an opening that does not go straight", () => {
  test("the browser blocks the window: a code does it", async () => {
    await page.addInitScript(() => {
      window.open = () => null;
    });
    await visit();
    await page.getByRole("button", { name: "Open message" }).click();
    await title("The browser blocked the window").waitFor();
    const address = await page.locator(".address").innerText();
    const [request, , hint = ""] = address.split(/(?<=#.*)\./);
    expect(request).toBe(`${stub.origin}/open#${letter.id}`);
    expect(Buffer.from(hint, "base64url").toString()).toBe("bob@example.org");
    const other = await context.newPage();
    await other.goto(address);
    await press(other, "Confirm");
    await other.locator("#code:not(:empty)").waitFor();
    const code = await other.locator("#code").innerText();
    await enterCode(page, ` ${code.slice(0, 40)}\n${code.slice(40)} `);
    await title("Grüße aus Köln").waitFor();
  });

  test("the code is wrong, empty, or of another visit", async () => {
    await visit();
    const portal = await pressOpen(page);
    await page.getByText("Paste its long code here").click();
    await page.getByRole("button", { name: "Open with this code" }).click();
    await page.getByText("Paste the code first.").waitFor();
    for (const mailed of ["15033595", " 1503 3595\n", "1503-3595"]) {
      await page.getByLabel("Code from the sign-in page").fill("");
      await enterCode(page, mailed);
      await page.getByText("came by mail belong into the sign-in window").waitFor();
    }
    await enterCode(page, "not a code");
    await page.getByText("This code does not open this message.").waitFor();
    await enterCode(page, await releaseFor(letter, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"));
    await page.getByText("This code does not open this message.").waitFor();
    // The window still works.
    await press(portal, "Confirm");
    await title("Grüße aus Köln").waitFor();
  });

  test("the recipient cancels there", async () => {
    await visit();
    const portal = await pressOpen(page);
    const closed = portal.waitForEvent("close");
    await press(portal, "Cancel");
    await closed;
    await title("You cancelled").waitFor();
    await press(await pressOpen(page), "Confirm");
    await title("Grüße aus Köln").waitFor();
  });

  test("the recipient cancels here", async () => {
    await visit();
    const portal = await pressOpen(page);
    const closed = portal.waitForEvent("close");
    await page.getByRole("button", { name: "Cancel" }).click();
    await closed;
    await title("Ann Example sent you a secure message").waitFor();
  });

  test("the window is closed", async () => {
    await visit();
    await (await pressOpen(page)).close();
    await title("The sign-in window was closed").waitFor();
  });

  test("the release is of another message", async () => {
    await visit();
    await (await pressOpen(page)).getByText("Wrong").click();
    await title("That was for another message").waitFor();
  });

  test("the key server does not answer", async () => {
    await page.goto(files.write(letter, "http://127.0.0.1:9"));
    await pressOpen(page);
    await title("No answer yet").waitFor();
    await page.getByText("127.0.0.1:9 cannot be reached").waitFor();
    await page.getByLabel("Code from the sign-in page").waitFor();
  });

  test("another window posts a release: it is not heard", async () => {
    await visit();
    const portal = await pressOpen(page);
    await page.locator("#waiting", { hasText: "Waiting for you to confirm" }).waitFor();
    const [, recipient] = portal.url().split(".").slice(-2);
    expect(recipient).toBeTruthy();
    await page.evaluate((id) => {
      for (const type of ["release", "cancelled"]) window.postMessage({ bulla: 1, type, id, release: "AAAA" }, "*");
    }, letter.id);
    // The right window with another envelope's id is not heard either.
    await portal.evaluate(() => window.opener.postMessage({ bulla: 1, type: "cancelled", id: "A".repeat(30) }, "*"));
    await press(portal, "Confirm");
    await title("Grüße aus Köln").waitFor();
  });
});

describe("a file that is not as it was sealed", () => {
  const changed: [string, (html: string) => string][] = [
    ["a letter of the payload", (html) => flip(html, html.indexOf('id="bulla-payload">') + 5000)],
    ["a letter of the header", (html) => flip(html, html.indexOf('id="bulla-header">') + 200)],
    ["the end is missing", (html) => html.slice(0, html.length - 3000)],
    [
      "all behind the viewer is missing",
      (html) => html.slice(0, html.indexOf('<script type="text/plain" id="bulla-header">')),
    ],
  ];
  test.each(changed)("%s: nothing of it is shown", async (_title, change) => {
    await visit(letter, change);
    await press(await pressOpen(page), "Confirm");
    await title("This file is damaged").waitFor();
    expect(await page.locator("main").innerText()).not.toContain("Grüße");
  });

  test("the data block is gone: damaged from the start", async () => {
    await visit(letter, (html) => html.replace('id="bulla-data"', 'id="x"'));
    await title("This file is damaged").waitFor();
  });

  test("the viewer is changed: it does not run", async () => {
    await visit(letter, (html) => flip(html, html.indexOf('id="bulla-viewer">') + 30_000));
    await page.getByText("was changed on its way").waitFor();
  });

  test.each([5_000, 60_000])("it is cut within the viewer, at %i bytes: it says so", async (size) => {
    await visit(letter, (html) => html.slice(0, size));
    await page.getByText("This browser cannot open the message, or the file is incomplete").waitFor();
    await page.getByText("You have a secure message").waitFor();
    expect(await page.getByText("scripts do not run in it").count()).toBe(0);
  });

  test("it is cut before its first script: the notice covers that", async () => {
    await visit(letter, (html) => html.slice(0, html.indexOf("<script>")));
    await page.getByText("scripts do not run in it, or the file is incomplete").waitFor();
  });
});

describe("a browser that lacks something", () => {
  test("scripts are off: the notice says what to do", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const still = await plain.newPage();
    await still.goto(files.write(letter, stub.origin));
    await still.getByText("You have a secure message").waitFor();
    await still.getByText("scripts do not run in it").waitFor();
    await plain.close();
  });

  test("no streams that unpack", async () => {
    await page.addInitScript(() => {
      Reflect.deleteProperty(window, "DecompressionStream");
    });
    await visit();
    await page.getByText("This browser cannot open the message").waitFor();
    await page.getByText("You have a secure message").waitFor();
  });

  test.each(["WebAssembly", "crypto"])("no %s", async (name) => {
    await page.addInitScript((gone) => {
      Object.defineProperty(window, gone, { value: undefined });
    }, name);
    await visit();
    await title("This browser cannot open the message").waitFor();
  });
});

describe("the page", () => {
  test("has the policy of the format, and no place for a password", async () => {
    await open();
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/]{43}=' 'sha256-[\w+/]{43}=' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types bulla$/,
    );
    expect(await page.locator("input, form").count()).toBe(0);
    const html = readFileSync(fileURLToPath(page.url()), "utf8");
    expect(html.replace(letter.payload.toString("base64"), "")).not.toMatch(/type=["']?password/i);
  });

  test.each(states.filter(({ name }) => name.startsWith("envelope-")))(
    "has no place for a password either: $name",
    async ({ reach }) => {
      const server = await MockKeyServer.start();
      const shown = await reach({ context, files, server });
      expect(await shown.locator("input, form").count()).toBe(0);
      await server.close();
    },
  );

  test("can ask nobody, run nothing else, and make no HTML of its own", async () => {
    await visit();
    const tried = await page.evaluate(async (origin) => {
      const attempt = async (act: () => unknown): Promise<string> => {
        try {
          await act();
          return "done";
        } catch {
          return "refused";
        }
      };
      return Promise.all([
        attempt(() => fetch(`${origin}/x`)),
        attempt(
          () =>
            new Promise((resolve, reject) => {
              const socket = new WebSocket(origin.replace("http", "ws"));
              socket.onopen = resolve;
              socket.onerror = reject;
            }),
        ),
        // In a task of its own: what the test driver runs itself is exempt.
        attempt(
          () =>
            new Promise((resolve, reject) =>
              setTimeout(() => {
                try {
                  resolve(new Function("return 1")());
                } catch (error) {
                  reject(error);
                }
              }),
            ),
        ),
        attempt(() => Reflect.get(window, "trustedTypes").createPolicy("other", {})),
        attempt(() => {
          document.body.innerHTML += "<p>";
        }),
        attempt(() => {
          document.createElement("script").text = "window.ran = true";
        }),
        attempt(() => new Worker("data:text/javascript,1")),
      ]);
    }, stub.origin);
    expect(tried).toEqual(Array(7).fill("refused"));
    expect(stub.strangers.filter((request) => !request.includes("favicon"))).toEqual([]);
  });

  test("tells the sign-in window the envelope's id, and nothing else", async () => {
    const told: unknown[] = [];
    await context.exposeBinding("tell", ({ page: heardBy }, said: unknown) => {
      if (heardBy !== page) told.push(said);
    });
    await context.addInitScript(() => {
      addEventListener("message", (event) => Reflect.get(window, "tell")(event.data));
    });
    await visit();
    const portal = await pressOpen(page);
    await page.locator("#waiting", { hasText: "Waiting for you to confirm" }).waitFor();
    expect(portal.url()).toMatch(new RegExp(`^${stub.origin}/open#${letter.id}\\.[\\w-]{43}\\.[\\w-]{20}$`));
    await press(portal, "Confirm");
    await openedMessage(page).waitFor();
    expect(told).not.toEqual([]);
    for (const said of told) expect(said).toStrictEqual({ bulla: 1, type: "greeting", id: letter.id });
  });

  test("works in a sandbox without an origin, as webmail shows it", async () => {
    const inner = files.write(letter, stub.origin);
    const wrapper = fileURLToPath(inner).replace(/\.html$/, "-wrapper.html");
    const flags = "allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads";
    writeFileSync(wrapper, `<!doctype html><iframe sandbox="${flags}" src="${inner}" width=900 height=700></iframe>`);
    await page.goto(pathToFileURL(wrapper).href);
    const envelope = page.frameLocator("iframe");
    const [portal] = await Promise.all([
      context.waitForEvent("page"),
      envelope.getByRole("button", { name: "Open message" }).click(),
    ]);
    await press(portal, "Confirm");
    await envelope.getByRole("heading", { name: "Grüße aus Köln" }).waitFor();
    await envelope.frameLocator("iframe").getByText("Grüße").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      envelope.getByRole("button", { name: "Save 見積書 2026.pdf" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("見積書 2026.pdf");
  });
});

/** Where a part of the letter is in the stored message. */
function offsetOf(part: number): number {
  return (letter.manifest.parts as { offset: number }[])[part]!.offset;
}

/** Another letter of base64 at, or just behind, a place. */
function flip(text: string, at: number): string {
  const place = text.slice(at).search(/[A-Za-z]/) + at;
  return `${text.slice(0, place)}${text[place] === "A" ? "B" : "A"}${text.slice(place + 1)}`;
}
