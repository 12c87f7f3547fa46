// @bulla/wasm/portal: what portal.wasm can do, which is all of viewer.wasm, sealing, and the client of OPAQUE.
import { Age } from "./age.ts";
import { Viewer } from "./index.ts";
import { Handle, Module, toText } from "./module.ts";
import { OpaqueClient } from "./opaque.ts";

export { type LoggedIn, OpaqueClient, opaqueContext, type Registered } from "./opaque.ts";

/** Portal is what the key server's pages need. */
export class Portal extends Viewer {
  override readonly age: SealingAge;
  readonly opaque: OpaqueClient;

  constructor(module: Module) {
    super(module);
    this.age = new SealingAge(module);
    this.opaque = new OpaqueClient(module);
  }

  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.module.call("bulla_sha256", bytes);
  }

  /** HKDF-SHA256 (RFC 5869). */
  hkdf(key: Uint8Array, salt: Uint8Array, info: string, length: number): Uint8Array<ArrayBuffer> {
    return this.module.call("bulla_hkdf_sha256", key, salt, info, length);
  }

  /** The identity that an account's own identity is wrapped to, made of OPAQUE's export key (doc/key-api.md). */
  wrappingIdentity(exportKey: Uint8Array): string {
    return this.age.identityFromScalar(this.hkdf(exportKey, new Uint8Array(), "bulla/v1/identity", 32));
  }
}

/** SealingAge seals too, opens in pieces, and opens stanzas that stand alone. */
export class SealingAge extends Age {
  /** The identity of 32 secret bytes. */
  identityFromScalar(scalar: Uint8Array): string {
    return toText(this.module.call("bulla_identity_from_scalar", scalar));
  }

  /** Seals bytes to a recipient: a whole age file. */
  seal(recipient: string, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.module.call("bulla_age_seal", recipient, plaintext);
  }

  /** Starts to open an age file that comes in pieces. */
  opener(identity: string): AgeOpener {
    return new AgeOpener(this.module, identity);
  }

  /** Unwraps the 16 bytes that one stanza, standing alone, holds for an identity. */
  openStanza(identity: string, stanza: string): Uint8Array<ArrayBuffer> {
    return this.module.call("bulla_stanza_open", identity, stanza);
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

/** Starts portal.wasm. */
export async function loadPortal(bytes: BufferSource): Promise<Portal> {
  return new Portal(await Module.load(bytes));
}
