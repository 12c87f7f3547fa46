import type { Api, EnvelopeDetails } from "./api.ts";
import { ApiError } from "./errors.ts";
import type { Request } from "./fragment.ts";
import { VaultError } from "./vault.ts";
import type { VaultClient } from "./vault_client.ts";

/** What the page shows. Each state carries what its screen needs; `problem` is about what was tried last. */
export type State =
  | { at: "looking"; address: string }
  | { at: "address"; address: string; problem?: Problem }
  | { at: "register"; address: string; problem?: Problem }
  | { at: "code"; address: string; request: string; sent: number; problem?: Problem }
  | { at: "password"; address: string; ticket: string; problem?: Problem }
  | { at: "sign-in"; address: string; problem?: Problem }
  | { at: "confirm"; details: EnvelopeDetails; problem?: Problem }
  | { at: "release-code"; code: string }
  | { at: "done"; code: string }
  | { at: "cancelled" }
  | { at: "locked" }
  | { at: "expired" }
  | { at: "broken" };

/** A problem's name is that of its text; see texts.en.ts. */
export interface Problem {
  name:
    | "unknown-address"
    | "wrong-password"
    | "wrong-code"
    | "code-gone"
    | "registered"
    | "session-ended"
    | "too-many"
    | "unreachable"
    | "unavailable"
    | "not-yours"
    | "wrong-key"
    | "refused"
    | "failed";
  triesLeft?: number | undefined;
  /** Seconds. */
  retryAfter?: number;
}

/** What the flow needs of the window that opened this page; see opener.ts. */
export interface OpenerLike {
  readonly present: boolean;
  release(code: string): boolean;
  cancelled(): void;
}

/**
 * Flow is the way of a recipient through the page, from the address to the release (doc/key-api.md). It knows nothing of
 * the page's elements: it has a state, tells when that changes, and is told what the person does.
 */
export class Flow {
  readonly #request: Request;
  readonly #api: Api;
  readonly #vault: VaultClient;
  readonly #opener: OpenerLike;
  readonly #changed: () => void;
  #busy = false;

  state: State;

  constructor(parts: { request: Request; api: Api; vault: VaultClient; opener: OpenerLike; changed: () => void }) {
    this.#request = parts.request;
    this.#api = parts.api;
    this.#vault = parts.vault;
    this.#opener = parts.opener;
    this.#changed = parts.changed;
    const { hint } = parts.request;
    this.state = hint === undefined ? { at: "address", address: "" } : { at: "looking", address: hint };
  }

  /** Goes straight on with the address that the envelope's page gave, if it gave one. */
  async start(): Promise<void> {
    if (this.state.at === "looking") await this.giveAddress(this.state.address);
  }

  /** Something is under way: what is pressed meanwhile is not heard. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Whether the envelope's page is waiting for what happens here. */
  get attached(): boolean {
    return this.#opener.present;
  }

  giveAddress(typed: string): Promise<void> {
    const address = typed.trim();
    return this.#act(async () => {
      const look = await this.#api.look(this.#request.id, address);
      if (look === "unknown") return { at: "address", address, problem: { name: "unknown-address" } };
      return look === "register" || look === "sign-in" ? { at: look, address } : { at: look };
    });
  }

  changeAddress(): void {
    this.#set({ at: "address", address: "address" in this.state ? this.state.address : "" });
  }

  sendCode(): Promise<void> {
    const { address } = this.#in("register", "code");
    const sent = this.state.at === "code" ? this.state.sent + 1 : 1;
    return this.#act(async () => ({ at: "code", address, request: await this.#api.sendCode(address), sent }));
  }

  giveCode(code: string): Promise<void> {
    const { address, request } = this.#in("code");
    return this.#act(async () => ({
      at: "password",
      address,
      ticket: await this.#api.verifyCode(request, code.replace(/\D/g, "")),
    }));
  }

  choosePassword(password: string): Promise<void> {
    const { address, ticket } = this.#in("password");
    return this.#act(async () => {
      const response = await this.#api.startRegistration(ticket, await this.#vault.startRegistration(password));
      const { record, recipient, identity } = await this.#vault.finishRegistration(response);
      await this.#api.finishRegistration(ticket, record, recipient, identity);
      return this.#look(address);
    });
  }

  signIn(password: string): Promise<void> {
    const { address } = this.#in("sign-in");
    return this.#act(async () => {
      const { login, message } = await this.#api.startSession(address, await this.#vault.startLogin(password));
      await this.#vault.unlock(await this.#api.finishSession(login, await this.#vault.finishLogin(message)));
      return this.#look(address);
    });
  }

  /** The recipient confirms: only now the share is asked for. */
  confirm(): Promise<void> {
    return this.#act(async () => {
      const answer = await this.#api.release(this.#request.id);
      const code = await this.#vault.release(answer, this.#request.ephemeral);
      void this.#api.endSession();
      return { at: this.#opener.release(code) ? "done" : "release-code", code };
    });
  }

  /** The message did not open by itself: shows the code. */
  showCode(): void {
    const { code } = this.#in("done");
    this.#set({ at: "release-code", code });
  }

  cancel(): void {
    void this.#api.endSession();
    this.#opener.cancelled();
    this.#set({ at: "cancelled" });
  }

  async #look(address: string): Promise<State> {
    try {
      const details = await this.#api.envelope(this.#request.id);
      return details.state === "locked" || details.state === "expired"
        ? { at: details.state }
        : { at: "confirm", details };
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "not-found") throw error;
      return { at: "address", address, problem: { name: "not-yours" } };
    }
  }

  #in<At extends State["at"]>(...places: At[]): Extract<State, { at: At }> {
    const found = places.find((place) => place === this.state.at);
    if (found === undefined) throw new Error(`not at ${this.state.at}`);
    return this.state as Extract<State, { at: At }>;
  }

  async #act(step: () => Promise<State>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#changed();
    let next: State;
    try {
      next = await step();
    } catch (error) {
      next = afterFailure(this.state, error);
    }
    this.#busy = false;
    this.#set(next);
  }

  #set(state: State): void {
    this.state = state;
    this.#changed();
  }
}

/** afterFailure says where a failure leads: mostly back to where it happened, with its problem told. */
export function afterFailure(state: State, error: unknown): State {
  if (state.at === "looking") return afterFailure({ at: "address", address: state.address }, error);
  if (error instanceof VaultError) {
    if (error.problem === "key") return withProblem(state, { name: "wrong-key" });
    return withProblem(state, { name: state.at === "sign-in" ? "wrong-password" : "failed" });
  }
  if (!(error instanceof ApiError)) return { at: "broken" };
  const address = addressOf(state);
  switch (error.code) {
    case "sign-in":
      return state.at === "sign-in"
        ? { ...state, problem: { name: "wrong-password" } }
        : { at: "sign-in", address, problem: { name: "session-ended" } };
    case "wrong-code":
      if (error.triesLeft === 0) return { at: "register", address, problem: { name: "code-gone" } };
      return withProblem(state, { name: "wrong-code", triesLeft: error.triesLeft });
    case "gone":
      if (error.state === "locked" || error.state === "expired") return { at: error.state };
      return { at: "register", address, problem: { name: "code-gone" } };
    case "conflict":
      return { at: "sign-in", address, problem: { name: "registered" } };
    case "not-found":
      return { at: "address", address, problem: { name: "not-yours" } };
    case "too-many":
    case "unavailable":
      return withProblem(state, { name: error.code, retryAfter: error.retryAfter });
    case "unreachable":
      return withProblem(state, { name: "unreachable" });
    case "bad-request":
      return withProblem(state, { name: state.at === "address" ? "unknown-address" : "refused" });
    default:
      return withProblem(state, { name: "failed" });
  }
}

function withProblem(state: Exclude<State, { at: "looking" }>, problem: Problem): State {
  return "address" in state || state.at === "confirm" ? { ...state, problem } : { at: "broken" };
}

function addressOf(state: State): string {
  if ("address" in state) return state.address;
  return state.at === "confirm" ? state.details.address : "";
}
