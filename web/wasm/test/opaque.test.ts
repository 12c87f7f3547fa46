import * as serenity from "@serenity-kit/opaque";
import { beforeAll, describe, expect, test } from "vitest";
import { Module } from "../src/module.ts";
import { OpaqueClient } from "../src/opaque.ts";
import { loadPortal } from "../src/portal.ts";
import { codeOf, moduleBytes, toHex, utf8 } from "./modules.ts";

// The same module as the portal's, and the server's side of OPAQUE besides.
const module = await Module.load(moduleBytes("testing"));
const portal = await loadPortal(moduleBytes("portal"));
const ours = portal.opaque;

// What others offer has no context; the client and the server are the same otherwise.
const plainClient = new OpaqueClient(await Module.load(moduleBytes("portal")), "");
const plainContext = "";
const productContext = "bulla/v1 argon2id m=65536 t=3 p=1";

const keyStretching = { "argon2id-custom": { memory: 65536, iterations: 3, parallelism: 1 } } as const;
const password = "correct horse battery stäple";
const user = "bob@example.org";

const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const toBytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));

/** The server of core/opaque, over one setup. */
class Server {
  readonly setup: Uint8Array;
  readonly context: string;

  constructor(context: string, setup = module.call("bulla_opaque_setup")) {
    this.context = context;
    this.setup = setup;
  }
  get publicKey() {
    return module.call("bulla_opaque_setup_key", this.setup);
  }
  registrationResponse(request: Uint8Array) {
    return module.call("bulla_opaque_registration_response", this.setup, user, request);
  }
  startLogin(record: Uint8Array, ke1: Uint8Array, identifier = user) {
    const out = module.call("bulla_opaque_start_login", this.setup, identifier, record, ke1, this.context);
    return { state: out.slice(0, 128), ke2: out.slice(128) };
  }
  finishLogin(state: Uint8Array, ke3: Uint8Array) {
    return module.call("bulla_opaque_finish_login", state, ke3);
  }
}

beforeAll(() => serenity.ready);

describe("our client with our server", () => {
  const server = new Server(productContext);
  const registration = ours.register(password);
  const registered = registration.finish(server.registrationResponse(registration.request));

  test("messages have the sizes of the RFC", () => {
    expect(registration.request).toHaveLength(32);
    expect(registered.record).toHaveLength(192);
    expect(registered.exportKey).toHaveLength(64);
    expect(toHex(registered.serverPublicKey)).toBe(toHex(server.publicKey));
  });

  test("a login gives the export key of the registration", () => {
    const login = ours.login(password);
    const { state, ke2 } = server.startLogin(registered.record, login.ke1);
    const done = login.finish(ke2);
    expect(toHex(done.exportKey)).toBe(toHex(registered.exportKey));
    expect(toHex(server.finishLogin(state, done.ke3))).toBe(toHex(done.sessionKey));
  });

  test("the password is the same however its letters are composed", () => {
    const login = ours.login(password.normalize("NFD"));
    expect(password.normalize("NFD")).not.toBe(password);
    const done = login.finish(server.startLogin(registered.record, login.ke1).ke2);
    expect(toHex(done.exportKey)).toBe(toHex(registered.exportKey));
  });

  const failures: [string, () => unknown][] = [
    ["a wrong password", () => finish(ours.login("wrong"), registered.record)],
    ["an account that does not exist", () => finish(ours.login(password), new Uint8Array())],
    ["another account", () => finish(ours.login(password), registered.record, "eve@example.org")],
    ["another context", () => finish(plainClient.login(password), registered.record)],
  ];
  function finish(login: ReturnType<OpaqueClient["login"]>, record: Uint8Array, identifier = user) {
    return login.finish(server.startLogin(record, login.ke1, identifier).ke2);
  }
  test.each(failures)("fails: %s", (_, run) => {
    expect(codeOf(run)).toBe("authentic");
  });

  test("a message of another size is invalid, and a state serves once", () => {
    const login = ours.login(password);
    expect(codeOf(() => login.finish(new Uint8Array(319)))).toBe("invalid");
    expect(codeOf(() => login.finish(new Uint8Array(320)))).toBe("internal");
  });

  test("wraps an identity to the export key, and finds it again", () => {
    const identity = portal.age.generateIdentity();
    const wrapping = portal.wrappingIdentity(registered.exportKey);
    const wrapped = portal.age.seal(portal.age.recipientOf(wrapping), utf8(identity));
    expect(new TextDecoder().decode(portal.age.open(wrapping, wrapped))).toBe(identity);
    expect(codeOf(() => portal.age.open(portal.wrappingIdentity(new Uint8Array(64)), wrapped))).toBe("denied");
  });
});

describe("@serenity-kit/opaque", () => {
  test("as the server: registration and login of our client, export keys equal", () => {
    const serverSetup = serenity.server.createSetup();
    const registration = plainClient.register(password);
    const { registrationResponse } = serenity.server.createRegistrationResponse({
      serverSetup,
      userIdentifier: user,
      registrationRequest: toText(registration.request),
    });
    const registered = registration.finish(toBytes(registrationResponse));
    expect(toText(registered.serverPublicKey)).toBe(serenity.server.getPublicKey(serverSetup));

    const login = plainClient.login(password);
    const { serverLoginState, loginResponse } = serenity.server.startLogin({
      serverSetup,
      registrationRecord: toText(registered.record),
      startLoginRequest: toText(login.ke1),
      userIdentifier: user,
    });
    const done = login.finish(toBytes(loginResponse));
    const { sessionKey } = serenity.server.finishLogin({
      serverLoginState,
      finishLoginRequest: toText(done.ke3),
    });
    expect(sessionKey).toBe(toText(done.sessionKey));
    expect(toHex(done.exportKey)).toBe(toHex(registered.exportKey));

    // Its own client gets the same export key from the record that our client made.
    const theirs = serenity.client.startLogin({ password });
    const answer = serenity.server.startLogin({
      serverSetup,
      registrationRecord: toText(registered.record),
      startLoginRequest: theirs.startLoginRequest,
      userIdentifier: user,
    });
    const finished = serenity.client.finishLogin({
      clientLoginState: theirs.clientLoginState,
      loginResponse: answer.loginResponse,
      password,
      keyStretching,
    });
    expect(finished?.exportKey).toBe(toText(registered.exportKey));
  });

  test("as the client: registration and login at our server, export keys equal", () => {
    const server = new Server(plainContext);
    const start = serenity.client.startRegistration({ password });
    const registered = serenity.client.finishRegistration({
      clientRegistrationState: start.clientRegistrationState,
      registrationResponse: toText(server.registrationResponse(toBytes(start.registrationRequest))),
      password,
      keyStretching,
    });
    expect(registered.serverStaticPublicKey).toBe(toText(server.publicKey));

    const login = serenity.client.startLogin({ password });
    const answer = server.startLogin(toBytes(registered.registrationRecord), toBytes(login.startLoginRequest));
    const done = serenity.client.finishLogin({
      clientLoginState: login.clientLoginState,
      loginResponse: toText(answer.ke2),
      password,
      keyStretching,
    });
    expect(done?.exportKey).toBe(registered.exportKey);
    expect(toText(server.finishLogin(answer.state, toBytes(done!.finishLoginRequest)))).toBe(done?.sessionKey);

    // Our client gets the same export key from the record that theirs made.
    const ourLogin = plainClient.login(password);
    const { ke2 } = server.startLogin(toBytes(registered.registrationRecord), ourLogin.ke1);
    expect(toText(ourLogin.finish(ke2).exportKey)).toBe(registered.exportKey);
  });

  test("refuses our server's answer for an account that does not exist, and a wrong password", () => {
    const server = new Server(plainContext);
    const login = serenity.client.startLogin({ password });
    const { ke2 } = server.startLogin(new Uint8Array(), toBytes(login.startLoginRequest));
    expect(ke2).toHaveLength(320);
    const result = serenity.client.finishLogin({
      clientLoginState: login.clientLoginState,
      loginResponse: toText(ke2),
      password,
      keyStretching,
    });
    expect(result).toBeUndefined();
  });
});
