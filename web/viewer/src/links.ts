import { button, element, isolated, onAnyClick } from "./dom.ts";
import { texts } from "./texts.en.ts";

/**
 * A link in a letter may show one address and go to another. So each is asked about: the page shows where it really
 * goes, and it opens in a new tab, which learns nothing of this page, only when that is confirmed.
 */

const followed = ["http:", "https:", "mailto:", "tel:"];

/** askToFollow shows where a link goes, with `shown` being what the letter says. */
export function askToFollow(href: string, shown: string): void {
  if (!URL.canParse(href)) return;
  const url = new URL(href);
  if (!followed.includes(url.protocol)) return;
  const dialog = element("dialog", { className: "dialog", "aria-labelledby": "link-title" });
  const close = (): void => dialog.close();
  const open = element("a", { className: "button primary", target: "_blank", onclick: close }, texts.linkOpen);
  open.href = url.href;
  open.rel = "noopener noreferrer";
  dialog.append(
    element("h2", { id: "link-title" }, texts.linkTitle),
    element("p", {}, introduction(url), " ", element("strong", {}, isolated(destination(url)))),
    element("p", { className: "address" }, url.href),
    differs(url, shown) ? element("p", { className: "note warning" }, texts.linkDiffers(shown.trim())) : "",
    element("div", { className: "actions" }, open, button(texts.cancel, "quiet", close)),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function introduction(url: URL): string {
  if (url.protocol === "mailto:") return texts.linkMail;
  return url.protocol === "tel:" ? texts.linkCall : texts.linkGoes;
}

function destination(url: URL): string {
  return url.host !== "" ? url.host : url.pathname;
}

/** Whether the text of a link looks like an address of another place than it goes to. */
function differs(url: URL, shown: string): boolean {
  const host = /^(?:https?:[/][/])?((?:[\w-]+\.)+[a-z]{2,})(?:[/:?#]|$)/i.exec(shown.trim())?.[1]?.toLowerCase();
  return host !== undefined && url.host !== "" && host !== url.hostname && `www.${host}` !== url.hostname;
}

/** linkedText shows plain text, with links where it has addresses of pages. */
export function linkedText(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(/\bhttps?:[/][/][^\s<>"']+[^\s<>"'.,;:!?)\]}]/gi)) {
    const address = found[0];
    fragment.append(text.slice(at, found.index), textLink(address));
    at = found.index + address.length;
  }
  fragment.append(text.slice(at));
  return fragment;
}

function textLink(address: string): Node {
  if (!URL.canParse(address)) return document.createTextNode(address);
  const ask = (event: Event): void => {
    event.preventDefault();
    askToFollow(address, address);
  };
  const link = element("a", { target: "_blank" }, address);
  onAnyClick(link, ask);
  link.href = address;
  link.rel = "noopener noreferrer";
  return link;
}
