import { type OpeningMessage, readMessage } from "@bulla/shared/messages";

/**
 * Opener is the envelope's page that opened this window (doc/envelope-format.md §9). It counts only once it has greeted,
 * from a file or a sandbox. A website can imitate that with a sandboxed frame; then it gets what the recipient confirms,
 * which is half of a key and opens nothing without the envelope.
 */
export class Opener {
  readonly #id: string;
  readonly #window: Window | null;
  #greeted = false;
  /** Called when the page has greeted for the first time. */
  changed: () => void = () => {};

  constructor(id: string) {
    this.#id = id;
    this.#window = window.opener;
    addEventListener("message", this.#take);
  }

  /** Whether there is a page that what is posted will reach. */
  get present(): boolean {
    return this.#greeted && this.#window !== null && !this.#window.closed;
  }

  /** Posts a release; false if there is nobody to take it. */
  release(code: string): boolean {
    return this.#post({ bulla: 1, type: "release", id: this.#id, release: code });
  }

  cancelled(): void {
    this.#post({ bulla: 1, type: "cancelled", id: this.#id });
  }

  readonly #take = (event: MessageEvent): void => {
    if (event.source === null || event.source !== this.#window) return;
    if (event.origin !== "null" && !event.origin.startsWith("file:")) return;
    if (readMessage(event.data, this.#id)?.type !== "greeting") return;
    const first = !this.#greeted;
    this.#greeted = true;
    this.#post({ bulla: 1, type: "ready", id: this.#id });
    if (first) this.changed();
  };

  #post(message: OpeningMessage): boolean {
    if (!this.present) return false;
    // A file has no origin that could be named. What is posted opens with the key of the page that asked, and no other.
    this.#window?.postMessage(message, "*");
    return true;
  }
}
