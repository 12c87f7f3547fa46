import { keyOfRecipient } from "@bulla/shared/bech32";
import { encodeBase64url } from "@bulla/shared/encoding";
import { loadViewer, type Viewer } from "@bulla/wasm";
import { readEnvelope } from "./data.ts";
import { element, textOf } from "./dom.ts";
import type { MakeHtml } from "./html.ts";
import { showMessage, subjectOf } from "./message.ts";
import { openMessage, openRelease, WrongRelease } from "./open.ts";
import { Opening } from "./opening.ts";
import { damaged, old, Screens } from "./screens.ts";
import { announce } from "./status.ts";
import { texts } from "./texts.en.ts";

declare global {
  /** What boot.js hands over, once: the page's Trusted Types policy and the module's bytes. */
  var bullaBoot: [MakeHtml, Uint8Array<ArrayBuffer>] | undefined;
}

/** The SHA-256 of viewer.wasm in hexadecimal, put in by the build: the hash of this script binds it. */
declare const wasmHash: string;

/** viewer.css, put in by the build: packed with this script it weighs a third. */
declare const viewerStyle: string;

const frameTime = 100;

/** show puts a screen on the page and the reader's attention on its heading. */
function show(view: HTMLElement, status?: string): void {
  const place = document.getElementById("bulla-app") as HTMLElement;
  document.getElementById("bulla-notice")?.remove();
  place.replaceChildren(view);
  place.hidden = false;
  const heading = view.querySelector("h1");
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
  announce(status ?? heading?.textContent ?? "");
}

function showIf(view: HTMLElement | undefined): void {
  if (view) show(view);
}

/** loaded waits until the document is read to its end: until then the payload is not all there. */
async function loaded(): Promise<void> {
  if (document.readyState !== "loading") return;
  await new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
}

async function loadModule(wasm: Uint8Array<ArrayBuffer>): Promise<Viewer> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", wasm));
  const hex = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== wasmHash) throw new Error("the module is not the one of this release");
  return loadViewer(wasm);
}

async function start(): Promise<void> {
  const [makeHtml, wasm] = globalThis.bullaBoot ?? [];
  globalThis.bullaBoot = undefined;
  if (!makeHtml || !wasm) return show(old());
  document.head.append(element("style", {}, viewerStyle));
  let viewer: Viewer;
  try {
    viewer = await loadModule(wasm);
  } catch {
    return show(old());
  }
  await loaded();
  try {
    run(viewer, makeHtml);
  } catch {
    show(damaged());
  }
}

/** run shows the envelope and obeys its reader. */
function run(viewer: Viewer, makeHtml: MakeHtml): void {
  const envelope = readEnvelope(textOf("bulla-data"));
  const identity = viewer.age.generateIdentity();
  const key = keyOfRecipient(viewer.age.recipientOf(identity));
  if (!key) throw new Error("no key");

  const opening = new Opening(envelope, encodeBase64url(key), {
    ready: () => {
      showIf(screens.answered());
      announce(texts.signingIn);
    },
    silent: () => showIf(screens.unanswered()),
    release: (code) => void take(code, false),
    cancelled: () => show(screens.cancelled()),
    closed: () => show(screens.closed()),
  });
  const screens = new Screens(envelope, {
    open: () => show(opening.start() ? screens.waiting(false) : screens.blocked(opening.address)),
    openWithCode: (code) => void take(code, true),
    showWindow: () => opening.show(),
    cancel: () => {
      opening.close();
      show(screens.ready());
    },
  });

  async function take(code: string, typed: boolean): Promise<void> {
    const { view, progress, text } = screens.working();
    let drawn = 0;
    try {
      const release = openRelease(viewer, identity, envelope.id, code);
      opening.close();
      show(view);
      const blocks = { header: textOf("bulla-header"), payload: textOf("bulla-payload") };
      const message = await openMessage(viewer, release, blocks, async (part) => {
        if (performance.now() - drawn < frameTime) return;
        progress.value = part;
        text.textContent = texts.working(Math.floor(part * 100));
        await new Promise((resolve) => setTimeout(resolve));
        drawn = performance.now();
      });
      const opened = await showMessage(message, envelope.origin, makeHtml);
      document.body.classList.add("opened");
      document.querySelector("footer")?.replaceChildren(texts.openedHere);
      document.title = subjectOf(message);
      show(opened, texts.openedStatus(subjectOf(message)));
    } catch (error) {
      if (!(error instanceof WrongRelease)) return show(damaged());
      if (!typed) opening.close();
      show(typed ? screens.wrongCode() : screens.wrongRelease());
    }
  }

  show(screens.ready());
}

void start();
