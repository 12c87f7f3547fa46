/**
 * A key server in memory, for tests of the portal's pages alone: the API of doc/key-api.md as far as the pages use it,
 * with the policy that the document states. It can be told to answer with any error. Whole programs are tested in
 * /tests; here every state of the pages can be reached at will.
 */
import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import { keyOfRecipient } from "@bulla/shared/bech32";
import { Module } from "../../wasm/src/module.ts";
import type { Sealed } from "./seal.ts";

const root = resolve(import.meta.dirname, "../../..");
const pages = join(root, "build/web/portal");
const context = "bulla/v1 argon2id m=65536 t=3 p=1";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The policy that doc/key-api.md promises for the pages. */
function documentedPolicy(): string {
  const policy = /Content-Security-Policy: (default-src [^`]+)`/.exec(
    readFileSync(join(root, "doc/key-api.md"), "utf8"),
  );
  if (!policy?.[1]) throw new Error("doc/key-api.md states no policy");
  return policy[1];
}

interface Account {
  record: Uint8Array;
  recipient: string;
  identity: string;
}

interface Failure {
  status: number;
  error: Record<string, unknown>;
  retryAfter?: number;
}

const failure = (status: number, code: string, more: object = {}, retryAfter?: number): Failure => ({
  status,
  error: { code, message: code, ...more },
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

export class MockKeyServer {
  readonly accounts = new Map<string, Account>();
  /** Answers that are forced, by "METHOD /path". A path may end with "*". */
  readonly forced = new Map<string, Failure | "silence" | "never">();
  readonly requests: string[] = [];
  readonly mailedCode = "12345678";
  state = "open";
  sealed: Sealed | undefined;
  readonly address = "bob@example.org";
  #triesLeft = 5;
  readonly #module: Module;
  readonly #setup: Uint8Array;
  readonly #policy = documentedPolicy();
  readonly #logins = new Map<string, { address: string; state: Uint8Array }>();
  readonly #sessions = new Map<string, string>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  private constructor(module: Module) {
    this.#module = module;
    this.#setup = module.call("bulla_opaque_setup");
  }

  static async start(): Promise<MockKeyServer> {
    const bytes = new Uint8Array(readFileSync(join(root, "build/wasm/testing.wasm")));
    const server = new MockKeyServer(await Module.load(bytes));
    await new Promise<void>((done) => server.#server.listen(0, "127.0.0.1", done));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }

  /** Makes the next answers to "METHOD /path" an error, until `forced` is cleared. */
  fail(route: string, status: number, code: string, more: object = {}, retryAfter?: number): void {
    this.forced.set(route, failure(status, code, more, retryAfter));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", this.origin).pathname;
    const route = `${request.method} ${path}`;
    this.requests.push(route);
    if (!path.startsWith("/v1/")) return this.#page(path, response);
    let body = "";
    for await (const piece of request) body += piece;
    const forced = this.forced.get(route) ?? this.forced.get(route.replace(/\/[\w-]{30}/, "/*"));
    if (forced === "never") return;
    if (forced === "silence") return void response.destroy();
    const answer =
      forced ?? this.#call(route, body === "" ? {} : JSON.parse(body), request.headers.authorization ?? "");
    const failed = "error" in answer && "status" in answer;
    response.writeHead(failed ? (answer.status as number) : 200, {
      "Content-Type": "application/json",
      ...(failed && "retryAfter" in answer ? { "Retry-After": String(answer.retryAfter) } : {}),
    });
    response.end(JSON.stringify(failed ? { error: answer.error } : answer));
  }

  #page(path: string, response: ServerResponse): void {
    const file = [join(pages, path), join(pages, path, "index.html")].find(
      (name) => extname(name) !== "" && existsSync(name),
    );
    if (!file || path.includes("..")) return void response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": this.#policy,
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    });
    response.end(readFileSync(file));
  }

  #call(route: string, body: Record<string, string>, authorization: string): object {
    const address = (body.address ?? "").toLowerCase();
    const account = this.accounts.get(address);
    switch (route) {
      case "POST /v1/opening/look":
        if (address !== this.address) return { state: "unknown" };
        return { state: this.state !== "open" ? this.state : account ? "sign-in" : "register" };
      case "POST /v1/codes":
        this.#triesLeft = 5;
        return { request: `request:${address}`, expires_in: 600 };
      case "POST /v1/codes/verify":
        if (body.code === this.mailedCode) return { ticket: "ticket", address: this.address };
        return --this.#triesLeft >= 0
          ? failure(403, "wrong-code", { tries_left: this.#triesLeft })
          : failure(410, "gone");
      case "POST /v1/registration/start":
        return {
          message: this.#opaque("bulla_opaque_registration_response", this.#setup, this.address, bytes(body.message)),
        };
      case "POST /v1/registration/finish":
        this.accounts.set(this.address, {
          record: bytes(body.message),
          recipient: body.recipient!,
          identity: body.identity!,
        });
        return { session: this.#session(this.address), address: this.address, expires_in: 900 };
      case "POST /v1/session/start":
        return this.#startLogin(address, bytes(body.message));
      case "POST /v1/session/finish":
        return this.#finishLogin(body.login ?? "", bytes(body.message));
      case "DELETE /v1/session":
        this.#sessions.delete(authorization.replace("Bearer ", ""));
        return {};
      default:
        return this.#envelope(route, this.#sessions.get(authorization.replace("Bearer ", "")));
    }
  }

  #startLogin(address: string, ke1: Uint8Array): object {
    const record = this.accounts.get(address)?.record ?? new Uint8Array();
    const out = this.#module.call("bulla_opaque_start_login", this.#setup, address, record, ke1, context);
    const login = randomBytes(16).toString("base64url");
    this.#logins.set(login, { address, state: out.slice(0, 128) });
    return { login, message: text(out.slice(128)) };
  }

  #finishLogin(login: string, ke3: Uint8Array): object {
    const found = this.#logins.get(login);
    try {
      this.#module.call("bulla_opaque_finish_login", found!.state, ke3);
    } catch {
      return failure(401, "sign-in");
    }
    const { recipient, identity } = this.accounts.get(found!.address)!;
    return { session: this.#session(found!.address), address: found!.address, recipient, identity, expires_in: 900 };
  }

  #envelope(route: string, address: string | undefined): object {
    const sealed = this.sealed;
    if (address === undefined) return failure(401, "sign-in");
    if (!sealed || !route.includes(sealed.id)) return failure(404, "not-found");
    const organisation = sealed.manifest.organisation;
    if (route.startsWith("GET ")) {
      const { from, date } = sealed.manifest;
      return {
        id: sealed.id,
        sender: from,
        organisation,
        domain: "acme.example",
        date,
        expires: null,
        address,
        state: this.state,
      };
    }
    if (this.state !== "open") return failure(410, "gone", { state: this.state });
    return {
      id: sealed.id,
      stanzas: [wrapShare(sealed.share, this.accounts.get(address)!.recipient)],
      organisation,
      signing_keys: [text(sealed.signingKey)],
      domains: ["acme.example"],
      address,
      time: new Date().toISOString(),
    };
  }

  #session(address: string): string {
    const session = randomBytes(16).toString("base64url");
    this.#sessions.set(session, address);
    return session;
  }

  #opaque(name: string, ...args: (Uint8Array | string)[]): string {
    return text(this.#module.call(name, ...args));
  }
}

const bytes = (value: string | undefined): Uint8Array => new Uint8Array(Buffer.from(value ?? "", "base64url"));
const text = (value: Uint8Array): string => Buffer.from(value).toString("base64url");

/** An X25519 stanza (C2SP age.md) that holds a share as its file key. */
function wrapShare(share: Buffer, recipient: string): string {
  const theirs = Buffer.from(keyOfRecipient(recipient)!);
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  const ours = Buffer.from((publicKey as KeyObject).export({ format: "jwk" }).x as string, "base64url");
  const theirKey = createPublicKey({
    key: { kty: "OKP", crv: "X25519", x: theirs.toString("base64url") },
    format: "jwk",
  });
  const shared = diffieHellman({ privateKey, publicKey: theirKey });
  const key = Buffer.from(
    hkdfSync("sha256", shared, Buffer.concat([ours, theirs]), "age-encryption.org/v1/X25519", 32),
  );
  const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(share), cipher.final(), cipher.getAuthTag()]);
  const plain = (value: Buffer): string => value.toString("base64").replace(/=+$/, "");
  return `-> X25519 ${plain(ours)}\n${plain(body)}\n`;
}
