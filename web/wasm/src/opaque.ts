import { Handle, type Module } from "./module.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The context of every exchange: it binds the cost of the key stretching (doc/key-api.md). */
export const opaqueContext = "bulla/v1 argon2id m=65536 t=3 p=1";

export interface Registered {
  /** What the server keeps: 192 bytes. */
  record: Bytes;
  /** 64 bytes that the server does not know, the same at each login. */
  exportKey: Bytes;
  serverPublicKey: Bytes;
}

export interface LoggedIn {
  /** The answer that proves the password to the server: 64 bytes. */
  ke3: Bytes;
  sessionKey: Bytes;
  exportKey: Bytes;
  serverPublicKey: Bytes;
}

/**
 * OpaqueClient is the client of OPAQUE (RFC 9807, ristretto255-SHA512, Argon2id 64 MiB, t = 3, p = 1). The password
 * goes into the module and nowhere else. Unicode has more than one spelling for some letters; the password counts in
 * its composed form (NFC), whatever the keyboard gave.
 *
 * finish() takes about half a second, so call it from a worker or after the page has drawn; a state is for one use.
 * A wrong password and a changed message both throw "authentic".
 */
export class OpaqueClient {
  readonly #module: Module;
  readonly #context: string;

  constructor(module: Module, context: string = opaqueContext) {
    this.#module = module;
    this.#context = context;
  }

  /** Starts a registration; `request` goes to the server. */
  register(password: string): { request: Bytes; finish(response: Uint8Array): Registered } {
    const typed = password.normalize("NFC");
    const { handle, message } = this.#start("bulla_opaque_register", typed);
    const finish = (response: Uint8Array): Registered => {
      const out = this.#finish(handle, "bulla_opaque_register_finish", typed, response);
      return { exportKey: out.slice(0, 64), serverPublicKey: out.slice(64, 96), record: out.slice(96) };
    };
    return { request: message, finish };
  }

  /** Starts a login; `ke1` goes to the server, and finish() takes its answer. */
  login(password: string): { ke1: Bytes; finish(ke2: Uint8Array): LoggedIn } {
    const typed = password.normalize("NFC");
    const { handle, message } = this.#start("bulla_opaque_login", typed);
    const finish = (ke2: Uint8Array): LoggedIn => {
      const out = this.#finish(handle, "bulla_opaque_login_finish", typed, ke2);
      return {
        exportKey: out.slice(0, 64),
        sessionKey: out.slice(64, 128),
        serverPublicKey: out.slice(128, 160),
        ke3: out.slice(160),
      };
    };
    return { ke1: message, finish };
  }

  #start(name: string, password: string): { handle: Handle; message: Bytes } {
    const out = this.#module.call(name, password);
    const address = new DataView(out.buffer).getUint32(0, true);
    return { handle: new Handle(this.#module, address, `${name}_free`), message: out.slice(4) };
  }

  #finish(handle: Handle, name: string, password: string, message: Uint8Array): Bytes {
    try {
      return handle.call(name, password, message, this.#context);
    } finally {
      handle.free();
    }
  }
}
