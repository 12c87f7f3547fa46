import { ApiError } from "./errors.ts";
import { Fields } from "./fields.ts";

/** The key server's API, doc/key-api.md. Every function throws ApiError and nothing else. */

export type LookState = "register" | "sign-in" | "locked" | "expired" | "unknown";

/** What a person sees before confirming. */
export interface EnvelopeDetails {
  sender: { address: string; name: string };
  organisation: { id: string; name: string };
  domain: string;
  date: string;
  address: string;
  state: string;
}

/** What the key server gives for a confirmed opening; the stanzas are sealed to the recipient. */
export interface ReleaseAnswer {
  id: string;
  stanzas: string[];
  organisation: { id: string; name: string };
  signingKeys: string[];
  domains: string[];
  address: string;
  time: string;
}

const patience = 30_000;

export class Api {
  #session = "";

  async look(envelope: string, address: string): Promise<LookState> {
    const answer = await this.#post("/v1/opening/look", { envelope, address });
    return answer.oneOf("state", "register", "sign-in", "locked", "expired", "unknown");
  }

  async sendCode(address: string): Promise<string> {
    return (await this.#post("/v1/codes", { address })).text("request");
  }

  async verifyCode(request: string, code: string): Promise<string> {
    return (await this.#post("/v1/codes/verify", { request, code })).text("ticket");
  }

  async startRegistration(ticket: string, message: string): Promise<string> {
    return (await this.#post("/v1/registration/start", { ticket, message })).text("message");
  }

  async finishRegistration(ticket: string, message: string, recipient: string, identity: string): Promise<void> {
    const answer = await this.#post("/v1/registration/finish", { ticket, message, recipient, identity });
    this.#session = answer.text("session");
  }

  async startSession(address: string, message: string): Promise<{ login: string; message: string }> {
    const answer = await this.#post("/v1/session/start", { address, message });
    return { login: answer.text("login"), message: answer.text("message") };
  }

  /** Returns the wrapped identity. */
  async finishSession(login: string, message: string): Promise<string> {
    const answer = await this.#post("/v1/session/finish", { login, message });
    this.#session = answer.text("session");
    return answer.text("identity");
  }

  /** Ends the session, as far as the server can be told. */
  async endSession(): Promise<void> {
    const session = this.#session;
    this.#session = "";
    if (session === "") return;
    try {
      await this.#call("DELETE", "/v1/session", undefined, session);
    } catch {
      // It ends by itself soon.
    }
  }

  async envelope(id: string): Promise<EnvelopeDetails> {
    const answer = await this.#call("GET", `/v1/envelopes/${id}`, undefined, this.#session);
    const [sender, organisation] = [answer.object("sender"), answer.object("organisation")];
    return {
      sender: { address: sender.text("address"), name: sender.text("name") },
      organisation: { id: organisation.text("id"), name: organisation.text("name") },
      domain: answer.text("domain"),
      date: answer.text("date"),
      address: answer.text("address"),
      state: answer.text("state"),
    };
  }

  async release(id: string): Promise<ReleaseAnswer> {
    const answer = await this.#call("POST", `/v1/envelopes/${id}/release`, {}, this.#session);
    const organisation = answer.object("organisation");
    return {
      id: answer.text("id"),
      stanzas: answer.texts("stanzas"),
      organisation: { id: organisation.text("id"), name: organisation.text("name") },
      signingKeys: answer.texts("signing_keys"),
      domains: answer.texts("domains"),
      address: answer.text("address"),
      time: answer.text("time"),
    };
  }

  #post(path: string, body: object): Promise<Fields> {
    return this.#call("POST", path, body);
  }

  async #call(method: string, path: string, body?: object, session?: string): Promise<Fields> {
    const headers: Record<string, string> = {};
    if (body) headers["Content-Type"] = "application/json";
    if (session) headers.Authorization = `Bearer ${session}`;
    let response: Response;
    let json: unknown;
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(patience),
      });
      json = response.status === 204 ? {} : await response.json();
    } catch {
      throw new ApiError("unreachable");
    }
    const fields = new Fields(json);
    if (!response.ok) throw errorOf(fields, response);
    return fields;
  }
}

function errorOf(answer: Fields, response: Response): ApiError {
  const error = answer.object("error");
  const retryAfter = Number(response.headers.get("Retry-After") ?? 0);
  return new ApiError(error.text("code"), {
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : 0,
    triesLeft: error.optionalNumber("tries_left"),
    state: error.optionalText("state"),
  });
}
