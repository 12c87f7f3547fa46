import DOMPurify, { type Config } from "dompurify";

/**
 * HTML of a mail, made harmless. Three walls stand between it and the reader, each enough by itself against most of
 * what is tried: DOMPurify takes out what acts or loads; the frame that shows the rest runs no scripts and covers
 * nothing of the page; and the policies of page and frame let nothing load but pictures that are part of the document.
 */
export interface SafeHtml {
  /** A whole document for a frame. */
  document: string;
  /** The Content-IDs of the pictures that it shows. */
  shown: Set<string>;
  /** How many pictures from elsewhere were left out. */
  leftOut: number;
}

/** Makes TrustedHTML where the browser wants it; see boot.js. */
export type MakeHtml = (html: string) => string;

/** The policy inside of the frame, besides the page's own, which it inherits. */
const framePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Mail is written for white paper. */
const paper =
  ":root{color-scheme:light}body{margin:0;padding:16px;background:#fff;color:#1f2328;" +
  "font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}img{max-width:100%;height:auto}" +
  "@media print{body{padding:0}}";

const followed = /^(?:https?|mailto|tel):/i;
const idPrefix = "user-content-";

const forbiddenTags =
  "form input button select option optgroup textarea datalist fieldset legend label output meter progress " +
  "audio video source track picture dialog map area template slot";
const forbiddenAttributes =
  "src srcset poster background lowsrc dynsrc longdesc ping cite usemap ismap action formaction xlink:href " +
  "target rel download tabindex accesskey contenteditable autofocus popover popovertarget popovertargetaction " +
  "commandfor command slot is nonce integrity loading fetchpriority";

/** sanitize makes HTML harmless; `picture` gives the data: URL of the picture with a Content-ID. */
export function sanitize(html: string, picture: (cid: string) => string | undefined, makeHtml: MakeHtml): SafeHtml {
  const purify = DOMPurify(window);
  const cids = new WeakMap<Node, string>();
  const shown = new Set<string>();
  let leftOut = 0;

  purify.addHook("uponSanitizeAttribute", (node, data) => {
    if (data.attrName === "src" && node.nodeName === "IMG") {
      const cid = cidOf(data.attrValue);
      if (cid !== undefined) cids.set(node, cid);
      else leftOut++;
    }
  });
  purify.addHook("afterSanitizeAttributes", (node) => {
    const cid = cids.get(node);
    const url = cid === undefined ? undefined : picture(cid);
    if (cid !== undefined && url !== undefined) {
      node.setAttribute("src", url);
      shown.add(cid);
    }
    if (node.hasAttribute("href")) guardLink(node);
  });

  const root = purify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: forbiddenTags.split(" "),
    FORBID_ATTR: forbiddenAttributes.split(" "),
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|#)/i,
    SANITIZE_NAMED_PROPS: true,
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    TRUSTED_TYPES_POLICY: { createHTML: makeHtml, createScriptURL: () => "" } as unknown as NonNullable<
      Config["TRUSTED_TYPES_POLICY"]
    >,
  }) as HTMLElement;
  return { document: frameDocument(root), shown, leftOut };
}

function cidOf(url: string): string | undefined {
  const cid = /^\s*cid:(.+?)\s*$/i.exec(url)?.[1];
  if (cid === undefined) return undefined;
  try {
    return decodeURIComponent(cid);
  } catch {
    return cid;
  }
}

/** A link leaves in a new tab that knows nothing of this page; one within the letter stays in it; others go nowhere. */
function guardLink(node: Element): void {
  const href = node.getAttribute("href")?.trim() ?? "";
  if (href.startsWith("#") && href.length > 1) {
    node.setAttribute("href", `#${idPrefix}${href.slice(1)}`);
  } else if (followed.test(href) && node.nodeName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  } else {
    node.removeAttribute("href");
  }
}

function frameDocument(root: HTMLElement): string {
  const document = root.ownerDocument;
  const meta = (httpEquiv: string, content: string): Element => {
    const element = document.createElement("meta");
    element.setAttribute("http-equiv", httpEquiv);
    element.setAttribute("content", content);
    return element;
  };
  const style = document.createElement("style");
  style.textContent = paper;
  let head = root.querySelector("head");
  if (!head) {
    head = document.createElement("head");
    root.prepend(head);
  }
  head.prepend(meta("Content-Security-Policy", framePolicy), meta("x-dns-prefetch-control", "off"), style);
  return `<!doctype html>${root.outerHTML}`;
}
