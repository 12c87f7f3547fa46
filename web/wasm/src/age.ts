import { type Module, toText } from "./module.ts";

/**
 * Age is age v1 (C2SP) with X25519 keys. Identities are texts "AGE-SECRET-KEY-1…", recipients "age1…".
 * Errors: "denied" sealed to somebody else, "authentic" changed on the way or cut off, "invalid" not an age file.
 */
export class Age {
  protected readonly module: Module;

  constructor(module: Module) {
    this.module = module;
  }

  /** A new identity. */
  generateIdentity(): string {
    return toText(this.module.call("bulla_identity_generate"));
  }

  /** The recipient that belongs to an identity. */
  recipientOf(identity: string): string {
    return toText(this.module.call("bulla_identity_recipient", identity));
  }

  /** Opens a whole age file. */
  open(identity: string, file: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.module.call("bulla_age_open", identity, file);
  }
}
