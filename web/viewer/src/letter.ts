import { charsetOfHtml, decodeText, partBytes } from "./decode.ts";
import { button, element } from "./dom.ts";
import { letterFrame } from "./frame.ts";
import { type MakeHtml, sanitize } from "./html.ts";
import { askToFollow, linkedText } from "./links.ts";
import type { BodyGroup, Part } from "./manifest.ts";
import type { OpenMessage } from "./open.ts";
import { dataUrl } from "./save.ts";
import { texts } from "./texts.en.ts";

/** What a browser may decode as a picture in a letter: no SVG, which is a document. */
const pictureTypes = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];

const longestText = 1_000_000;
const longestHtml = 4_000_000;
const largestPictures = 32_000_000;

/** Letter is the body of a message on the page, and the Content-IDs of the pictures that it shows. */
export interface Letter {
  view: HTMLElement;
  shown: Set<string>;
}

/** showLetter makes the views of all groups of the body, in order. */
export async function showLetter(message: OpenMessage, makeHtml: MakeHtml): Promise<Letter> {
  const view = element("div", { className: "letter" });
  const shown = new Set<string>();
  const pictures = await readPictures(message);
  for (const group of message.manifest.body) view.append(showGroup(message, group, pictures, makeHtml, shown));
  if (view.childElementCount === 0) {
    const reason = message.manifest.index === "none" ? texts.noIndex : texts.emptyLetter;
    view.append(element("p", { className: "quiet-text paper" }, reason));
  }
  return { view, shown };
}

/** readPictures makes data: URLs of the pictures that an HTML body can name. */
async function readPictures({ manifest, stored }: OpenMessage): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  if (!manifest.body.some((group) => group.html !== undefined)) return pictures;
  let size = 0;
  for (const part of manifest.parts) {
    if (part.cid === "" || pictures.has(part.cid) || !pictureTypes.includes(part.type)) continue;
    size += part.size;
    if (size > largestPictures) break;
    pictures.set(part.cid, await dataUrl(partBytes(part, stored), part.type));
  }
  return pictures;
}

function showGroup(
  message: OpenMessage,
  group: BodyGroup,
  pictures: Map<string, string>,
  makeHtml: MakeHtml,
  shown: Set<string>,
): HTMLElement {
  const part = (index: number | undefined): Part | undefined =>
    index === undefined ? undefined : message.manifest.parts[index];
  const [text, html] = [part(group.text), part(group.html)];
  if (!html || html.size > longestHtml) return textView(text ? readText(message, text) : texts.tooLong);
  const bytes = partBytes(html, message.stored);
  const safe = sanitize(decodeText(bytes, html.charset || charsetOfHtml(bytes)), (cid) => pictures.get(cid), makeHtml);
  for (const cid of safe.shown) shown.add(cid);
  const frame = letterFrame(safe.document, texts.letter, makeHtml, (link) =>
    askToFollow(link.href, link.textContent ?? ""),
  );
  const notes = safe.leftOut > 0 ? element("p", { className: "note" }, texts.remotePictures(safe.leftOut)) : "";
  const formatted = element("div", { className: "paper framed" }, frame);
  if (!text) return element("div", {}, notes, formatted);
  return element(
    "div",
    {},
    alternatives(formatted, () => textView(readText(message, text))),
    notes,
    formatted,
  );
}

/** alternatives switches between the formatted letter and its plain text. */
function alternatives(formatted: HTMLElement, makePlain: () => HTMLElement): HTMLElement {
  let plain: HTMLElement | undefined;
  const choose = (asText: boolean): void => {
    if (asText && !plain) {
      plain = makePlain();
      formatted.after(plain);
    }
    formatted.hidden = asText;
    if (plain) plain.hidden = !asText;
    html.setAttribute("aria-pressed", String(!asText));
    text.setAttribute("aria-pressed", String(asText));
  };
  const html = button(texts.showHtml, "plain", () => choose(false));
  const text = button(texts.showText, "plain", () => choose(true));
  html.setAttribute("aria-pressed", "true");
  text.setAttribute("aria-pressed", "false");
  return element("div", { className: "switch", role: "group", "aria-label": texts.view }, html, text);
}

function readText(message: OpenMessage, part: Part): string {
  return decodeText(partBytes(part, message.stored), part.charset).replace(/\r\n?/g, "\n");
}

function textView(text: string): HTMLElement {
  const letter = element("div", { className: "plain-letter", dir: "auto" }, linkedText(text.slice(0, longestText)));
  const cut = text.length > longestText && element("p", { className: "note" }, texts.tooLong);
  return element("div", { className: "paper" }, letter, cut);
}
