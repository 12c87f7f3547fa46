/** Every state of the envelope's page and of the portal, and how to reach it; for looking at them and for axe. */
import type { BrowserContext, Page } from "playwright-core";
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
  signIn,
} from "./drive.ts";
import type { EnvelopeFiles } from "./files.ts";
import type { MockKeyServer } from "./mock_keyserver.ts";
import { png } from "./pictures.ts";
import { type Sealed, seal } from "./seal.ts";

export interface World {
  context: BrowserContext;
  files: EnvelopeFiles;
  server: MockKeyServer;
}

export interface PageState {
  name: string;
  /** Returns the page that shows it. */
  reach(world: World): Promise<Page>;
}

const password = "correct horse battery";

const html =
  "<p>Hello Bob,</p><p>here is the contract for the new office. Please read <b>section 4</b>, sign it, and send it back " +
  'by <a href="https://acme.example/contracts/2026/117">Friday</a>.</p><p><img src="cid:bars@acme" alt="Costs by quarter"></p>' +
  '<p>Best regards,<br>Ann</p><p><img src="https://tracker.example/pixel.gif"></p>';
const plain =
  "Hello Bob,\n\nhere is the contract for the new office. Please read section 4, sign it, and send it back\nby Friday: " +
  "https://acme.example/contracts/2026/117\n\nBest regards,\nAnn\n";

/** The message that the states show. */
export const contract: Sealed = seal({
  subject: "Contract for the new office: please sign by Friday",
  to: [{ address: "bob@example.org", name: "Bob Builder" }],
  cc: [{ address: "legal@example.org", name: "" }],
  parts: [
    { type: "text/plain", charset: "utf-8", body: plain },
    { type: "text/html", charset: "utf-8", body: html },
    { type: "image/png", cid: "bars@acme", name: "bars.png", disposition: "inline", body: png(320, 60), width: 76 },
    {
      type: "application/pdf",
      name: "Contract 117.pdf",
      disposition: "attachment",
      body: Buffer.alloc(482_000, 7),
      width: 76,
    },
    {
      type: "application/vnd.ms-excel",
      name: "見積書 2026.xlsx",
      disposition: "attachment",
      body: Buffer.alloc(61_000, 7),
      width: 76,
    },
    { type: "application/zip", name: "setup.exe", disposition: "attachment", body: Buffer.alloc(9_000, 7), width: 76 },
  ],
  body: [{ text: 0, html: 1 }],
});

async function envelope({ context, files, server }: World, change?: (html: string) => string): Promise<Page> {
  server.sealed = contract;
  const page = await context.newPage();
  await page.goto(files.write(contract, server.origin, change));
  return page;
}

async function ready(world: World): Promise<Page> {
  const page = await envelope(world);
  await page.getByRole("button", { name: "Open message" }).waitFor();
  return page;
}

/** The portal's page with an opener that greets and keeps it open. */
async function portal(world: World): Promise<Page> {
  return await pressOpen(await ready(world));
}

async function atPassword(world: World): Promise<Page> {
  const page = await portal(world);
  await askForCode(page);
  await giveCode(page, world.server.mailedCode);
  await page.getByLabel("Password", { exact: true }).waitFor();
  return page;
}

async function register(world: World): Promise<Page> {
  const page = await atPassword(world);
  await choosePassword(page, password);
  await page.getByText("Yes, open it").waitFor();
  return page;
}

async function atSignIn(world: World): Promise<Page> {
  if (!world.server.accounts.has(world.server.address)) await (await register(world)).close();
  const page = await portal(world);
  await page.getByLabel("Password", { exact: true }).waitFor();
  return page;
}

async function opened(world: World): Promise<Page> {
  const page = await ready(world);
  const other = await pressOpen(page);
  await askForCode(other);
  await giveCode(other, world.server.mailedCode);
  await choosePassword(other, password);
  await confirm(other);
  await openedMessage(page).waitFor();
  return page;
}

async function withProblem(
  world: World,
  route: string,
  status: number,
  code: string,
  more: object,
  after?: number,
): Promise<Page> {
  world.server.fail(route, status, code, more, after);
  const page = await portal(world);
  await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
  return page;
}

async function ended(world: World, state: string): Promise<Page> {
  world.server.state = state;
  const page = await portal(world);
  await page.getByRole("heading", { name: /locked|expired/ }).waitFor();
  return page;
}

const heading = async (page: Page, text: string): Promise<Page> => {
  await page.getByRole("heading", { name: text, level: 1 }).waitFor();
  return page;
};

export const states: PageState[] = [
  { name: "envelope-ready", reach: ready },
  {
    name: "envelope-how",
    reach: async (world) => {
      const page = await ready(world);
      await page.getByText("How does this work?").click();
      return page;
    },
  },
  {
    name: "envelope-waiting",
    reach: async (world) => {
      const page = await ready(world);
      await pressOpen(page);
      await page.locator("#waiting", { hasText: "is open" }).waitFor();
      return page;
    },
  },
  {
    name: "envelope-unreachable",
    reach: async (world) => {
      const page = await world.context.newPage();
      await page.goto(world.files.write(contract, "http://127.0.0.1:9"));
      await pressOpen(page);
      return await heading(page, "No answer yet");
    },
  },
  {
    name: "envelope-blocked",
    reach: async (world) => {
      await world.context.addInitScript(() => {
        if (location.protocol === "file:") window.open = () => null;
      });
      const page = await ready(world);
      await page.getByRole("button", { name: "Open message" }).click();
      return await heading(page, "The browser blocked the window");
    },
  },
  {
    name: "envelope-wrong-code",
    reach: async (world) => {
      const page = await ready(world);
      await pressOpen(page);
      await enterCode(page, "YWdlLWVuY3J5cHRpb24");
      return await heading(page, "Enter the code");
    },
  },
  {
    name: "envelope-mailed-code",
    reach: async (world) => {
      const page = await ready(world);
      await pressOpen(page);
      await enterCode(page, "1503 3595");
      await page.getByText("belong into the sign-in window").waitFor();
      return page;
    },
  },
  {
    name: "envelope-cancelled",
    reach: async (world) => {
      const page = await ready(world);
      const other = await pressOpen(page);
      await mayClose(other, other.getByRole("button", { name: "Cancel" }).click());
      return await heading(page, "You cancelled");
    },
  },
  {
    name: "envelope-closed",
    reach: async (world) => {
      const page = await ready(world);
      await (await pressOpen(page)).close();
      return await heading(page, "The sign-in window was closed");
    },
  },
  {
    name: "envelope-damaged",
    reach: async (world) =>
      heading(await envelope(world, (file) => file.replace('id="bulla-data"', "")), "This file is damaged"),
  },
  {
    name: "envelope-cut",
    reach: async (world) => {
      const page = await envelope(world, (file) => file.slice(0, 60_000));
      await page.getByText("the file is incomplete").locator("visible=true").waitFor();
      return page;
    },
  },
  {
    name: "envelope-old-browser",
    reach: async (world) => {
      await world.context.addInitScript(() => Object.defineProperty(window, "WebAssembly", { value: undefined }));
      return await heading(await envelope(world), "This browser cannot open the message");
    },
  },
  {
    name: "envelope-notice",
    reach: async (world) => {
      await world.context.addInitScript(() => Reflect.deleteProperty(window, "DecompressionStream"));
      const page = await envelope(world);
      await page.getByText("This browser cannot open the message").waitFor();
      return page;
    },
  },
  { name: "envelope-open", reach: opened },
  {
    name: "envelope-open-text",
    reach: async (world) => {
      const page = await opened(world);
      await page.getByRole("button", { name: "Plain text" }).click();
      return page;
    },
  },
  {
    name: "envelope-link",
    reach: async (world) => {
      const page = await opened(world);
      await page.frameLocator("iframe").getByRole("link").click();
      await page.getByRole("dialog").waitFor();
      return page;
    },
  },
  {
    name: "portal-home",
    reach: async ({ context, server }) => {
      const page = await context.newPage();
      await page.goto(`${server.origin}/`);
      return page;
    },
  },
  {
    name: "portal-nothing",
    reach: async ({ context, server }) => {
      const page = await context.newPage();
      await page.goto(`${server.origin}/open`);
      return await heading(page, "There is nothing to open here");
    },
  },
  {
    name: "portal-looking",
    reach: async (world) => {
      world.server.forced.set("POST /v1/opening/look", "never");
      const page = await portal(world);
      await page.getByText("Looking for the message").waitFor();
      return page;
    },
  },
  {
    name: "portal-address",
    reach: async (world) => {
      const page = await portal(world);
      await page.getByRole("button", { name: "Another address" }).click();
      return await heading(page, "Your e-mail address");
    },
  },
  {
    name: "portal-unknown-address",
    reach: async (world) => {
      const page = await portal(world);
      await giveAddress(page, "eve@example.org");
      await page.getByText("not addressed to that address").waitFor();
      return page;
    },
  },
  {
    name: "portal-register",
    reach: async (world) => {
      const page = await portal(world);
      return await heading(page, "Set up your access");
    },
  },
  {
    name: "portal-wrong-code",
    reach: async (world) => {
      const page = await portal(world);
      await askForCode(page);
      await giveCode(page, "00000000");
      await page.getByText("That code is not right.").waitFor();
      return page;
    },
  },
  {
    name: "portal-code-used-up",
    reach: async (world) => {
      const page = await portal(world);
      await askForCode(page);
      for (const left of ["4 tries", "3 tries", "2 tries", "one try"]) {
        await giveCode(page, "00000000");
        await page.getByText(`You have ${left} left.`).waitFor();
      }
      await giveCode(page, "00000000");
      await page.getByText("That code is used up").waitFor();
      return page;
    },
  },
  {
    name: "portal-password",
    reach: async (world) => {
      const page = await atPassword(world);
      await page.getByLabel("Password", { exact: true }).fill("correct hors");
      return page;
    },
  },
  {
    name: "portal-password-refused",
    reach: async (world) => {
      const page = await atPassword(world);
      await page.getByLabel("Password", { exact: true }).fill("aaaaaaaaaaaa");
      await page.keyboard.press("Enter");
      await page.getByText("This password is too easy to guess").waitFor();
      return page;
    },
  },
  { name: "portal-sign-in", reach: atSignIn },
  {
    name: "portal-forgotten",
    reach: async (world) => {
      const page = await atSignIn(world);
      await page.getByText("Forgotten your password?").click();
      return page;
    },
  },
  {
    name: "portal-wrong-password",
    reach: async (world) => {
      const page = await atSignIn(world);
      await signIn(page, "not the password");
      await page.getByText("That password is not right.").waitFor();
      return page;
    },
  },
  {
    name: "portal-confirm",
    reach: async (world) => {
      const page = await register(world);
      await page.locator('button[aria-disabled="false"]', { hasText: "Yes, open it" }).waitFor();
      return page;
    },
  },
  {
    name: "portal-code-to-copy",
    reach: async (world) => {
      const page = await world.context.newPage();
      await page.goto(await addressToCopy(world));
      await askForCode(page);
      await giveCode(page, world.server.mailedCode);
      await choosePassword(page, password);
      await confirm(page);
      return await heading(page, "Copy this code");
    },
  },
  {
    name: "portal-cancelled",
    reach: async (world) => {
      // The envelope's page is gone: else it would close this window.
      const page = await portal(world);
      const cancel = page.getByRole("button", { name: "Cancel" });
      await cancel.waitFor();
      await (await page.opener())?.close();
      await cancel.click();
      return await heading(page, "You cancelled");
    },
  },
  { name: "portal-locked", reach: (world) => ended(world, "locked") },
  { name: "portal-expired", reach: (world) => ended(world, "expired") },
  {
    name: "portal-too-many",
    reach: (world) => withProblem(world, "POST /v1/opening/look", 429, "too-many", {}, 240),
  },
  {
    name: "portal-unreachable",
    reach: async (world) => {
      world.server.forced.set("POST /v1/opening/look", "silence");
      const page = await portal(world);
      await page.getByText("cannot be reached").waitFor();
      return page;
    },
  },
  {
    name: "portal-session-ended",
    reach: async (world) => {
      const page = await register(world);
      world.server.fail("POST /v1/envelopes/*/release", 401, "sign-in");
      await confirm(page);
      await page.getByText("Your session has ended.").waitFor();
      return page;
    },
  },
  {
    name: "portal-broken",
    reach: async (world) => {
      await world.context.addInitScript(() => {
        if (location.protocol !== "file:") Object.defineProperty(window, "Worker", { value: undefined });
      });
      return await heading(await portal(world), "This does not work here");
    },
  },
];

/** The address that the envelope's page opens, as the person would copy it when windows are blocked. */
async function addressToCopy(world: World): Promise<string> {
  const page = await ready(world);
  await page.evaluate(() => {
    window.open = () => null;
  });
  await page.getByRole("button", { name: "Open message" }).click();
  return await page.locator(".address").innerText();
}
