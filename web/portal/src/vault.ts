import { recipientOfKey } from "@bulla/shared/bech32";
import { decodeBase64url, encodeBase64url } from "@bulla/shared/encoding";
import type { Portal } from "@bulla/wasm/portal";
import type { ReleaseAnswer } from "./api.ts";

/** Why a vault refuses. "password": wrong, or the server's answer was changed. "key": the account's key does not fit. */
export type VaultProblem = "password" | "key";

/** VaultError crosses the border to the page as its name. */
export class VaultError extends Error {
  readonly problem: VaultProblem;

  constructor(problem: VaultProblem) {
    super(problem);
    this.problem = problem;
  }
}

type Registering = ReturnType<Portal["opaque"]["register"]>;
type LoggingIn = ReturnType<Portal["opaque"]["login"]>;

/**
 * Vault does everything that needs the password or the account's identity, and gives out neither. It lives in a worker,
 * so that half a second of key stretching does not stop the page, and it dies with it. Binary values are base64url.
 */
export class Vault {
  readonly #portal: Portal;
  #registering: Registering | undefined;
  #loggingIn: LoggingIn | undefined;
  #exportKey: Uint8Array | undefined;
  #identity: string | undefined;

  constructor(portal: Portal) {
    this.#portal = portal;
  }

  /** Starts a registration: OPAQUE's RegistrationRequest. */
  startRegistration(password: string): string {
    this.#registering = this.#portal.opaque.register(password);
    return encodeBase64url(this.#registering.request);
  }

  /** Makes the account's identity: RegistrationRecord, recipient, and the wrapped identity. */
  finishRegistration(response: string): { record: string; recipient: string; identity: string } {
    const { record, exportKey } = attempt("password", () => this.#registering!.finish(bytesOf(response)));
    const { age } = this.#portal;
    const identity = age.generateIdentity();
    const wrapper = age.recipientOf(this.#portal.wrappingIdentity(exportKey));
    this.#identity = identity;
    return {
      record: encodeBase64url(record),
      recipient: age.recipientOf(identity),
      identity: encodeBase64url(age.seal(wrapper, new TextEncoder().encode(identity))),
    };
  }

  /** Starts signing in: KE1. */
  startLogin(password: string): string {
    this.#loggingIn = this.#portal.opaque.login(password);
    return encodeBase64url(this.#loggingIn.ke1);
  }

  /** Checks the server's answer: KE3. */
  finishLogin(ke2: string): string {
    const { ke3, exportKey } = attempt("password", () => this.#loggingIn!.finish(bytesOf(ke2)));
    this.#exportKey = exportKey;
    return encodeBase64url(ke3);
  }

  /** Unwraps the account's identity, which the server keeps. */
  unlock(identity: string): void {
    const wrapping = this.#portal.wrappingIdentity(this.#exportKey!);
    this.#exportKey = undefined;
    const plaintext = attempt("key", () => this.#portal.age.open(wrapping, bytesOf(identity)));
    this.#identity = new TextDecoder().decode(plaintext).trim();
  }

  /** Makes the release of doc/envelope-format.md §9, step 3, sealed to the envelope page's ephemeral key. */
  release(answer: ReleaseAnswer, ephemeral: Uint8Array): string {
    const release = {
      v: 1,
      id: answer.id,
      share: encodeBase64url(this.#openShare(answer.stanzas)),
      organisation: answer.organisation,
      signing_keys: answer.signingKeys,
      domains: answer.domains,
      address: answer.address,
      released: answer.time,
    };
    const plaintext = new TextEncoder().encode(JSON.stringify(release));
    return encodeBase64url(this.#portal.age.seal(recipientOfKey(ephemeral), plaintext));
  }

  /** The first stanza that the identity opens: an address may have had other keys. */
  #openShare(stanzas: string[]): Uint8Array {
    for (const stanza of stanzas) {
      try {
        return this.#portal.age.openStanza(this.#identity!, stanza);
      } catch {
        // Sealed to another key.
      }
    }
    throw new VaultError("key");
  }
}

function bytesOf(text: string): Uint8Array {
  const bytes = decodeBase64url(text);
  if (!bytes) throw new VaultError("key");
  return bytes;
}

function attempt<Value>(problem: VaultProblem, act: () => Value): Value {
  try {
    return act();
  } catch {
    throw new VaultError(problem);
  }
}
