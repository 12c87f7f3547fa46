import { Handle, type Module, toText } from "./module.ts";

/**
 * Age is age v1 (C2SP) with X25519 keys. Identities are texts "AGE-SECRET-KEY-1…", recipients "age1…".
 * Errors: "denied" sealed to somebody else, "authentic" changed on the way or cut off, "invalid" not an age file.
 */
export class Age {
  readonly #module: Module;

  constructor(module: Module) {
    this.#module = module;
  }

  /** A new identity. */
  generateIdentity(): string {
    return toText(this.#module.call("bulla_identity_generate"));
  }

  /** The identity of 32 secret bytes. */
  identityFromScalar(scalar: Uint8Array): string {
    return toText(this.#module.call("bulla_identity_from_scalar", scalar));
  }

  /** The recipient that belongs to an identity. */
  recipientOf(identity: string): string {
    return toText(this.#module.call("bulla_identity_recipient", identity));
  }

  /** Seals bytes to a recipient: a whole age file. */
  seal(recipient: string, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#module.call("bulla_age_seal", recipient, plaintext);
  }

  /** Opens a whole age file. */
  open(identity: string, file: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#module.call("bulla_age_open", identity, file);
  }

  /** Starts to open an age file that comes in pieces. */
  opener(identity: string): AgeOpener {
    return new AgeOpener(this.#module, identity);
  }

  /** Unwraps the 16 bytes that one stanza, standing alone, holds for an identity. */
  openStanza(identity: string, stanza: string): Uint8Array<ArrayBuffer> {
    return this.#module.call("bulla_stanza_open", identity, stanza);
  }
}

/**
 * AgeOpener opens an age file in pieces of any size, in constant memory. What write() returns is authentic, but the
 * file is complete only when finish() has not thrown.
 */
export class AgeOpener {
  readonly #handle: Handle;

  constructor(module: Module, identity: string) {
    this.#handle = new Handle(module, module.handle("bulla_age_opener_new", identity), "bulla_age_opener_free");
  }

  write(piece: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#handle.call("bulla_age_opener_write", piece);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#handle.call("bulla_age_opener_finish");
  }

  free(): void {
    this.#handle.free();
  }
}
