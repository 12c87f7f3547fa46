/**
 * What a recipient does, step by step, on the envelope's page and in the portal; for tests of these pages and of whole
 * programs. Everything is found as a person finds it: by role, label and text.
 */
import type { Locator, Page } from "playwright-core";

/** What the envelope's page shows once a message is open. */
export const openedMessage = (envelope: Page): Locator => envelope.locator("article.message");

/** pressOpen presses "Open message" and returns the portal's window. */
export async function pressOpen(envelope: Page): Promise<Page> {
  const [portal] = await Promise.all([
    envelope.waitForEvent("popup"),
    envelope.getByRole("button", { name: /^(Open message|Try again)$/ }).click(),
  ]);
  return portal;
}

/** giveAddress enters an address in the portal, instead of the one that the file names. */
export async function giveAddress(portal: Page, address: string): Promise<void> {
  await portal.getByRole("button", { name: "Another address" }).click();
  await portal.getByLabel("E-mail address").fill(address);
  await portal.getByRole("button", { name: "Continue" }).click();
}

/** askForCode lets the portal mail a code; the field for it is there afterwards. */
export async function askForCode(portal: Page): Promise<void> {
  await portal.getByRole("button", { name: "Send me the code" }).click();
  await portal.getByLabel("Code", { exact: true }).waitFor();
}

export async function giveCode(portal: Page, code: string): Promise<void> {
  await portal.getByLabel("Code", { exact: true }).fill(code);
  await portal.getByRole("button", { name: "Continue" }).click();
}

export async function choosePassword(portal: Page, password: string): Promise<void> {
  await portal.getByLabel("Password", { exact: true }).fill(password);
  await portal.getByLabel("The same password again").fill(password);
  await portal.getByRole("button", { name: "Set the password" }).click();
}

export async function signIn(portal: Page, password: string): Promise<void> {
  await portal.getByLabel("Password", { exact: true }).fill(password);
  await portal.getByRole("button", { name: "Sign in" }).click();
}

/** confirm waits until the button takes presses, and presses it. The portal's window closes when the message opens. */
export async function confirm(portal: Page): Promise<void> {
  await mayClose(portal, portal.locator('button[aria-disabled="false"]', { hasText: "Yes, open it" }).click());
}

/** mayClose waits for something that may close its page before the browser can say that it is done. */
export async function mayClose(page: Page, act: Promise<void>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (!page.isClosed()) throw error;
  }
}

/** releaseCode reads the code that the portal shows when no page waits for it. */
export async function releaseCode(portal: Page): Promise<string> {
  return await portal.getByLabel("Code for the message").inputValue();
}

/** enterCode pastes a code into the envelope's page. */
export async function enterCode(envelope: Page, code: string): Promise<void> {
  const field = envelope.getByLabel("Code from the sign-in page");
  if (!(await field.isVisible())) await envelope.getByText("Paste its long code here").click();
  await field.fill(code);
  await envelope.getByRole("button", { name: "Open with this code" }).click();
}

/** saveAttachment presses Save beside an attachment; `path` is where the browser put the file, and its name. */
export async function saveAttachment(envelope: Page, name: string): Promise<{ name: string; path: string }> {
  const [download] = await Promise.all([
    envelope.waitForEvent("download"),
    envelope.getByRole("button", { name: `Save ${name}`, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), path: await download.path() };
}

/** saveOriginal saves the original message. */
export async function saveOriginal(envelope: Page): Promise<{ name: string; path: string }> {
  const [download] = await Promise.all([
    envelope.waitForEvent("download"),
    envelope.getByRole("button", { name: "Save original (.eml)" }).click(),
  ]);
  return { name: download.suggestedFilename(), path: await download.path() };
}
