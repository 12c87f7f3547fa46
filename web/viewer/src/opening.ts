import { encodeHint } from "@bulla/shared/hint";
import { type OpeningMessage, readMessage } from "@bulla/shared/messages";

/** How an opening goes on; see doc/envelope-format.md §9. */
export interface OpeningEvents {
  /** The portal's page has answered. */
  ready(): void;
  /** No answer yet after a while: the page did not load, or the window cannot be reached. */
  silent(): void;
  /** The recipient confirmed. The release is not checked yet. */
  release(code: string): void;
  cancelled(): void;
  /** The window is gone, and nothing came. */
  closed(): void;
}

const greetingInterval = 300;
const silentAfter = 10_000;

/**
 * Opening is the window at the key server's origin in which the recipient signs in, and what is posted to and from it.
 * It trusts a message only when it comes from that very window and from that origin.
 */
export class Opening {
  readonly #origin: string;
  readonly #id: string;
  readonly #ephemeral: string;
  readonly #to: string;
  readonly #events: OpeningEvents;
  #popup: Window | null = null;
  #timer = 0;
  #since = 0;
  #answered = false;

  /** `ephemeral` is the public key, base64url; `envelope.to` spares the recipient typing it. */
  constructor(envelope: { origin: string; id: string; to: string }, ephemeral: string, events: OpeningEvents) {
    this.#origin = envelope.origin;
    this.#id = envelope.id;
    this.#to = envelope.to;
    this.#ephemeral = ephemeral;
    this.#events = events;
  }

  /** Where the window goes. The fragment never reaches the server. */
  get address(): string {
    const hint = encodeHint(this.#to);
    return `${this.#origin}/open#${this.#id}.${this.#ephemeral}${hint && `.${hint}`}`;
  }

  /** Opens the window; must be called from a click. False when the browser did not let it. */
  start(): boolean {
    this.stop();
    this.#popup = window.open(this.address, "_blank");
    if (!this.#popup) return false;
    this.#since = Date.now();
    this.#answered = false;
    addEventListener("message", this.#take);
    this.#timer = window.setInterval(this.#tick, greetingInterval);
    return true;
  }

  /** Brings the window to the front, as far as browsers allow it. */
  show(): void {
    this.#popup?.focus();
  }

  /** Forgets the window and stops listening. */
  stop(): void {
    clearInterval(this.#timer);
    removeEventListener("message", this.#take);
    this.#popup = null;
  }

  /** Closes the window and stops. */
  close(): void {
    const popup = this.#popup;
    this.stop();
    popup?.close();
  }

  readonly #tick = (): void => {
    if (this.#popup?.closed) {
      this.stop();
      this.#events.closed();
      return;
    }
    // It goes on after an answer: the page in the window may be loaded again, and know nothing of the first greeting.
    const greeting: OpeningMessage = { bulla: 1, type: "greeting", id: this.#id };
    this.#popup?.postMessage(greeting, this.#origin);
    if (!this.#answered && this.#since > 0 && Date.now() - this.#since > silentAfter) {
      this.#since = 0;
      this.#events.silent();
    }
  };

  readonly #take = (event: MessageEvent): void => {
    if (event.source === null || event.source !== this.#popup || event.origin !== this.#origin) return;
    const message = readMessage(event.data, this.#id);
    if (message?.type === "ready" && !this.#answered) {
      this.#answered = true;
      this.#events.ready();
    } else if (message?.type === "release") {
      this.#events.release(message.release);
    } else if (message?.type === "cancelled") {
      this.close();
      this.#events.cancelled();
    }
  };
}
