import { element, onAnyClick } from "./dom.ts";
import type { MakeHtml } from "./html.ts";

/**
 * The frame that shows a letter's HTML. Its sandbox runs no script and sends no form. It keeps the page's origin, so
 * that the page can fit its height to the letter and ask before a link is followed; without scripts in the frame that
 * gives the letter nothing. Where this page is itself in a sandbox, the frame is out of reach: then it has a fixed
 * height and scrolls, and links open as the browser does it, in a new tab that knows nothing of this page.
 */
const sandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

const tallest = 30_000;

/** letterFrame makes the frame; `follow` is asked about each link that is clicked. */
export function letterFrame(
  document: string,
  title: string,
  makeHtml: MakeHtml,
  follow: (link: HTMLAnchorElement) => void,
): HTMLIFrameElement {
  const frame = element("iframe", { className: "letter-frame", title, sandbox, referrerPolicy: "no-referrer" });
  frame.addEventListener("load", () => connect(frame, follow));
  frame.srcdoc = makeHtml(document);
  return frame;
}

function connect(frame: HTMLIFrameElement, follow: (link: HTMLAnchorElement) => void): void {
  const inner = frame.contentDocument;
  if (!inner) {
    frame.classList.add("fixed");
    return;
  }
  fit(frame, inner);
  for (const picture of inner.images) picture.addEventListener("load", () => fit(frame, inner));
  addEventListener("resize", () => fit(frame, inner));
  onAnyClick(inner, (event) => {
    const link = event.target instanceof inner.defaultView!.Element ? event.target.closest("a[href]") : null;
    if (!link) return;
    event.preventDefault();
    const href = link.getAttribute("href") ?? "";
    if (href.startsWith("#")) inner.getElementById(href.slice(1))?.scrollIntoView();
    else follow(link as HTMLAnchorElement);
  });
}

/** fit makes the frame as tall as its letter, within reason. */
function fit(frame: HTMLIFrameElement, inner: Document): void {
  frame.style.height = "0";
  const height = Math.min(tallest, Math.max(120, inner.documentElement.scrollHeight));
  // Room for a bar to scroll sideways, where a wide letter shows one.
  const bar = frame.clientHeight - (inner.documentElement.clientHeight || frame.clientHeight);
  frame.style.height = `${height + Math.max(0, bar)}px`;
}
