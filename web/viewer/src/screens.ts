import { formatSize, formatTime, plainLine } from "@bulla/shared/format";
import { type Envelope, hostOf } from "./data.ts";
import { button, element } from "./dom.ts";
import { fact, mailbox } from "./message.ts";
import { texts } from "./texts.en.ts";

/** What a person can do on the screens. */
export interface Actions {
  open(): void;
  openWithCode(code: string): void;
  showWindow(): void;
  cancel(): void;
}

/** The screens before a message is open. Each is one card with a heading, what happened, and what to do next. */
export class Screens {
  readonly #envelope: Envelope;
  readonly #actions: Actions;
  readonly #host: string;

  constructor(envelope: Envelope, actions: Actions) {
    this.#envelope = envelope;
    this.#actions = actions;
    this.#host = hostOf(envelope.origin);
  }

  ready(): HTMLElement {
    const { organisation, from, to, date, size } = this.#envelope;
    return card(
      texts.readyTitle(plainLine(from.name).trim() || from.address),
      element(
        "dl",
        { className: "facts" },
        ...fact(texts.from, [mailbox(from)]),
        ...fact(texts.organisation, [plainLine(organisation.name)]),
        ...fact(texts.to, [mailbox({ name: "", address: to })]),
        ...fact(texts.sent, [formatTime(date)]),
        ...fact(texts.size, [formatSize(size)]),
      ),
      element("p", { className: "quiet-text" }, texts.asTheFileSays),
      element("div", { className: "actions" }, button(texts.open, "primary", this.#actions.open)),
      element("p", {}, texts.opensAt(this.#host), " ", texts.promise),
      element(
        "details",
        {},
        element("summary", {}, texts.howTitle),
        ...texts.how(this.#host).map((text) => element("p", {}, text)),
      ),
    );
  }

  /** `answered`: the portal's page is there. */
  waiting(answered: boolean): HTMLElement {
    return card(
      texts.waitingTitle,
      element("ol", { className: "steps" }, ...texts.waitingSteps(this.#host).map((step) => element("li", {}, step))),
      element(
        "p",
        { className: "busy" },
        element("span", { className: "spinner", "aria-hidden": "true" }),
        element("span", { id: "waiting" }, answered ? texts.signingIn : texts.starting),
      ),
      element(
        "div",
        { className: "actions" },
        button(texts.showWindow, "primary", this.#actions.showWindow),
        button(texts.cancel, "quiet", this.#actions.cancel),
      ),
      this.#code(false),
    );
  }

  /** The portal's page has answered: says so, unless the reader has gone on to something else meanwhile. */
  answered(): HTMLElement | undefined {
    const waiting = document.getElementById("waiting");
    if (waiting) waiting.textContent = texts.signingIn;
    return document.getElementById("silent") && !typing() ? this.waiting(true) : undefined;
  }

  /** The portal's page has not answered. A code that is being entered is not disturbed. */
  unanswered(): HTMLElement | undefined {
    return document.getElementById("waiting") && !typing() ? this.silent() : undefined;
  }

  silent(): HTMLElement {
    return card(
      texts.silentTitle,
      element("p", { id: "silent" }, texts.silent(this.#host)),
      element(
        "div",
        { className: "actions" },
        button(texts.tryAgain, "primary", this.#actions.open),
        button(texts.showWindow, "quiet", this.#actions.showWindow),
        button(texts.cancel, "plain", this.#actions.cancel),
      ),
      this.#code(true),
    );
  }

  blocked(address: string): HTMLElement {
    const link = element("a", { className: "button quiet", target: "_blank" }, texts.openAddress);
    link.href = address;
    link.rel = "noopener noreferrer";
    const copy = button(texts.copyAddress, "plain", () => copyText(address, copy));
    return card(
      texts.blockedTitle,
      element("p", {}, texts.blocked(this.#host)),
      element("p", { className: "address" }, address),
      element("div", { className: "actions" }, button(texts.tryAgain, "primary", this.#actions.open), link, copy),
      this.#code(true),
    );
  }

  /** A release that came did not fit; `typed`: the person pasted it. */
  wrongCode(): HTMLElement {
    return card(
      texts.codeTitle,
      element("p", { className: "note warning" }, texts.codeWrong),
      this.#code(true, true),
      element(
        "div",
        { className: "actions" },
        button(texts.tryAgain, "quiet", this.#actions.open),
        button(texts.back, "plain", this.#actions.cancel),
      ),
    );
  }

  cancelled(): HTMLElement {
    return this.#again(texts.cancelledTitle, texts.cancelled);
  }

  closed(): HTMLElement {
    return this.#again(texts.closedTitle, texts.closed, this.#code(false));
  }

  wrongRelease(): HTMLElement {
    return this.#again(texts.wrongReleaseTitle, texts.wrongRelease);
  }

  working(): { view: HTMLElement; progress: HTMLProgressElement; text: HTMLElement } {
    const progress = element("progress", { max: 1, value: 0, "aria-label": texts.workingTitle });
    const text = element("p", { className: "quiet-text" }, texts.working(0));
    return { view: card(texts.workingTitle, progress, text), progress, text };
  }

  #again(title: string, text: string, more?: HTMLElement): HTMLElement {
    return card(
      title,
      element("p", {}, text),
      element(
        "div",
        { className: "actions" },
        button(texts.tryAgain, "primary", this.#actions.open),
        button(texts.back, "quiet", this.#actions.cancel),
      ),
      more,
    );
  }

  /** The field for a code, which needs no window: folded away where a window is expected to answer. */
  #code(unfolded: boolean, bare = false): HTMLElement {
    const field = element("textarea", { id: "code", rows: 4, spellcheck: false, autocomplete: "off" });
    field.autocapitalize = "off";
    const problem = element("p", { className: "problem", id: "code-problem", role: "alert" });
    field.setAttribute("aria-describedby", "code-help code-problem");
    const open = (): void => {
      problem.textContent = refusalOf(field.value);
      if (problem.textContent) field.focus();
      else this.#actions.openWithCode(field.value);
    };
    const form = element(
      "div",
      { className: "code" },
      element("label", { htmlFor: "code" }, texts.codeLabel),
      field,
      element("p", { className: "quiet-text", id: "code-help" }, texts.codeHelp),
      problem,
      element("div", { className: "actions" }, button(texts.codeOpen, bare ? "primary" : "quiet", open)),
    );
    if (bare) return form;
    return element("details", { open: unfolded }, element("summary", {}, texts.useCode), form);
  }
}

/** What is wrong with a code at first sight, or "". People have another one at hand, which came by mail. */
function refusalOf(code: string): string {
  if (code.trim() === "") return texts.codeEmpty;
  return /^\s*\d{4}[\s-]?\d{4}\s*$/.test(code) ? texts.codeMailed : "";
}

/** Whether somebody is entering a code. */
function typing(): boolean {
  const field = document.getElementById("code") as HTMLTextAreaElement | null;
  return field !== null && (field.value !== "" || document.activeElement === field);
}

/** damaged is for a file of which nothing can be shown. */
export function damaged(): HTMLElement {
  return card(
    texts.damagedTitle,
    element("p", {}, texts.damaged),
    element("ul", {}, ...texts.damagedNext.map((text) => element("li", {}, text))),
  );
}

/** old is for a browser that lacks what is needed. */
export function old(): HTMLElement {
  return card(texts.oldTitle, element("p", {}, texts.old));
}

function card(title: string, ...content: (Node | string | undefined)[]): HTMLElement {
  return element("section", { className: "card" }, element("h1", { tabIndex: -1, dir: "auto" }, title), ...content);
}

/** Copying is refused in some sandboxes; the address can be selected there. */
async function copyText(text: string, pressed: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    pressed.textContent = texts.copied;
  } catch {
    pressed.disabled = true;
  }
}
