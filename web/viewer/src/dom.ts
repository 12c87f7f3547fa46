/** What an element is made with: properties ("className"), attributes ("aria-label") and handlers ("onclick"). */
export type Options = Record<string, string | number | boolean | ((event: Event) => void)>;

/** element makes an element. Children that are strings become text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  options: Options = {},
  ...children: (Node | string | false | undefined)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name in made) Reflect.set(made, name, value);
    else made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== false && child !== undefined));
  return made;
}

/** isolated shows a stranger's text, without letting its writing direction reach the text around it. */
export function isolated(text: string): HTMLElement {
  return element("bdi", {}, text);
}

/** button is a push button with a class of shared/base.css. */
export function button(label: string, kind: "primary" | "quiet" | "plain", press: () => void): HTMLButtonElement {
  return element("button", { type: "button", className: `button ${kind}`, onclick: press }, label);
}

/** onAnyClick also hears the middle button, with which browsers open a link in a new tab. */
export function onAnyClick(target: EventTarget, act: (event: Event) => void): void {
  const middle = 1;
  target.addEventListener("click", act);
  target.addEventListener("auxclick", (event) => {
    if ((event as MouseEvent).button === middle) act(event);
  });
}

/** textOf reads a block of this file. */
export function textOf(id: string): string {
  return document.getElementById(id)?.textContent ?? "";
}
