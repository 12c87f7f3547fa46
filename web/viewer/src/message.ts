import { formatTime, plainLine } from "@bulla/shared/format";
import { attachmentsOf, showAttachments } from "./attachments.ts";
import { hostOf } from "./data.ts";
import { button, element, isolated } from "./dom.ts";
import type { MakeHtml } from "./html.ts";
import { showLetter } from "./letter.ts";
import { domainOf, type Mailbox } from "./manifest.ts";
import { safeName } from "./names.ts";
import type { OpenMessage } from "./open.ts";
import { restore } from "./restore.ts";
import { save } from "./save.ts";
import { announce } from "./status.ts";
import { texts } from "./texts.en.ts";

/** showMessage makes the view of an opened message: who sealed it, its head, the letter, what to save. */
export async function showMessage(message: OpenMessage, origin: string, makeHtml: MakeHtml): Promise<HTMLElement> {
  const letter = await showLetter(message, makeHtml);
  const attachments = attachmentsOf(message, letter.shown);
  return element(
    "article",
    { className: "message" },
    element(
      "div",
      { className: "toolbar" },
      button(texts.print, "plain", () => print()),
      button(texts.saveOriginal, "plain", () => saveOriginal(message)),
    ),
    element("h1", { tabIndex: -1, dir: "auto" }, subjectOf(message)),
    head(message),
    seal(message, origin),
    letter.view,
    attachments.length > 0 && showAttachments(message, attachments),
  );
}

/** subjectOf is the subject as it is shown. */
export function subjectOf(message: OpenMessage): string {
  return plainLine(message.manifest.subject).trim() || texts.noSubject;
}

function head({ manifest }: OpenMessage): HTMLElement {
  const rows: [string, Node[]][] = [[texts.from, [mailbox(manifest.from), ...sentBy(manifest.sender)]]];
  if (manifest.to.length > 0) rows.push([texts.to, mailboxes(manifest.to)]);
  if (manifest.cc.length > 0) rows.push([texts.cc, mailboxes(manifest.cc)]);
  rows.push([texts.sent, [document.createTextNode(formatTime(manifest.date))]]);
  return element("dl", { className: "facts" }, ...rows.flatMap(([name, value]) => fact(name, value)));
}

/** fact is one row of a list of facts. */
export function fact(name: string, value: (Node | string)[]): HTMLElement[] {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}

/** mailbox shows a name and always its address: a name alone could say anything. */
export function mailbox({ name, address }: Mailbox): HTMLElement {
  const shown = plainLine(name).trim();
  const parts = shown === "" ? [] : [element("b", {}, isolated(shown)), " "];
  return element("span", {}, ...parts, element("span", { className: "mail" }, isolated(plainLine(address))));
}

function mailboxes(list: Mailbox[]): Node[] {
  return list.flatMap((one, i) => (i === 0 ? [mailbox(one)] : [document.createTextNode(", "), mailbox(one)]));
}

function sentBy(sender: Mailbox | undefined): Node[] {
  return sender ? [element("small", {}, ` ${texts.onBehalf(plainLine(sender.address))}`)] : [];
}

function seal({ manifest, release }: OpenMessage, origin: string): HTMLElement {
  const domain = domainOf(manifest.from.address);
  return element(
    "details",
    { className: "verified" },
    element("summary", {}, texts.verified(plainLine(release.organisation.name), plainLine(domain))),
    element("p", {}, texts.verifiedDetail(hostOf(origin), formatTime(manifest.sealed))),
    manifest.expires !== null && element("p", {}, texts.expires(formatTime(manifest.expires))),
  );
}

function saveOriginal(message: OpenMessage): void {
  const stem = safeName(message.manifest.subject, "", 1).slice(0, 80);
  const name = `${/^attachment-1$/.test(stem) ? texts.originalName : stem}.eml`;
  try {
    const pieces = [...restore(message.stored, message.manifest.runs)];
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (size !== message.manifest.message.originalSize) throw new Error("the original has another size");
    save(name, pieces);
    announce(texts.saving(name));
  } catch {
    announce(texts.saveFailed(name));
  }
}
