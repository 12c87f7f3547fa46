import { describe, expect, test } from "vitest";
import type { Api, LookState } from "../src/api.ts";
import { ApiError } from "../src/errors.ts";
import { Flow, type State } from "../src/flow.ts";
import { VaultError } from "../src/vault.ts";
import { VaultBroken, type VaultClient } from "../src/vault_client.ts";

const id = "A".repeat(30);
const address = "bob@example.org";
const details = {
  sender: { address: "ann@acme.example", name: "Ann" },
  organisation: { id: "acme", name: "Acme Ltd" },
  domain: "acme.example",
  date: "2026-11-24T08:15:00.000Z",
  address,
  state: "open",
};

/** A flow over parts that do as they are told, and say what they were asked. */
function make(parts: { look?: LookState; api?: object; vault?: object; present?: boolean; hint?: string } = {}) {
  const asked: string[] = [];
  const note =
    (name: string, value: unknown = "") =>
    async (...args: unknown[]) => {
      asked.push([name, ...args.filter((arg) => typeof arg === "string")].join(" "));
      return value;
    };
  const api = {
    look: note("look", parts.look ?? "sign-in"),
    sendCode: note("sendCode", "request"),
    verifyCode: note("verifyCode", "ticket"),
    startRegistration: note("startRegistration", "response"),
    finishRegistration: note("finishRegistration"),
    startSession: note("startSession", { login: "login", message: "ke2" }),
    finishSession: note("finishSession", "wrapped"),
    endSession: note("endSession"),
    envelope: note("envelope", details),
    release: note("release", { id }),
    ...parts.api,
  };
  const vault = {
    startRegistration: note("vault.startRegistration", "message"),
    finishRegistration: note("vault.finishRegistration", { record: "record", recipient: "age1", identity: "identity" }),
    startLogin: note("vault.startLogin", "ke1"),
    finishLogin: note("vault.finishLogin", "ke3"),
    unlock: note("vault.unlock"),
    release: note("vault.release", "code"),
    ...parts.vault,
  };
  const posted: string[] = [];
  const opener = {
    present: parts.present ?? true,
    release(code: string) {
      posted.push(code);
      return this.present;
    },
    cancelled() {
      posted.push("cancelled");
    },
  };
  const states: string[] = [];
  const flow: Flow = new Flow({
    request: { id, ephemeral: new Uint8Array(32), ...(parts.hint === undefined ? {} : { hint: parts.hint }) },
    api: api as unknown as Api,
    vault: vault as unknown as VaultClient,
    opener,
    changed: () => states.push(flow.state.at),
  });
  return { flow, asked, posted, states };
}

const throws = (error: Error) => async () => {
  throw error;
};

async function atConfirm(parts: Parameters<typeof make>[0] = {}) {
  const made = make(parts);
  await made.flow.giveAddress(address);
  await made.flow.signIn("password");
  expect(made.flow.state.at).toBe("confirm");
  return made;
}

describe("an address that the file names", () => {
  test.each(["register", "sign-in"] as const)("leads straight on: %s", async (look) => {
    const { flow, asked, states } = make({ look, hint: address });
    expect(flow.state).toEqual({ at: "looking", address });
    await flow.start();
    expect(flow.state).toEqual({ at: look, address });
    expect(asked).toEqual([`look ${id} ${address}`]);
    expect(states).toEqual(["looking", look]);
    flow.changeAddress();
    expect(flow.state).toEqual({ at: "address", address });
  });

  test.each(["locked", "expired"] as const)("shows that the message is %s", async (look) => {
    const { flow } = make({ look, hint: address });
    await flow.start();
    expect(flow.state).toEqual({ at: look });
  });

  test("is asked for, filled in, when the key server does not know it", async () => {
    const { flow } = make({ look: "unknown", hint: address });
    await flow.start();
    expect(flow.state).toEqual({ at: "address", address, problem: { name: "unknown-address" } });
  });

  test.each([
    ["bad-request", "unknown-address"],
    ["unreachable", "unreachable"],
    ["too-many", "too-many"],
    ["internal", "failed"],
  ])("is asked for, filled in, after a failure: %s", async (code, name) => {
    const { flow } = make({ hint: address, api: { look: throws(new ApiError(code)) } });
    await flow.start();
    expect(flow.state).toMatchObject({ at: "address", address, problem: { name } });
  });

  test("sends no code, and releases nothing, by itself", async () => {
    const { flow, asked, posted } = make({ look: "sign-in", hint: address });
    await flow.start();
    await flow.signIn("password");
    expect(flow.state.at).toBe("confirm");
    expect(asked.some((call) => call.startsWith("release") || call.startsWith("sendCode"))).toBe(false);
    expect(posted).toEqual([]);
  });

  test("is not there: the person is asked, and nothing else happens", async () => {
    const { flow, asked } = make();
    await flow.start();
    expect(flow.state).toEqual({ at: "address", address: "" });
    expect(asked).toEqual([]);
  });
});

describe("the way through the portal", () => {
  test("of somebody new: code, password, confirmation, release", async () => {
    const { flow, asked, posted } = make({ look: "register" });
    await flow.giveAddress(` ${address} `);
    expect(flow.state).toEqual({ at: "register", address });
    await flow.sendCode();
    expect(flow.state).toEqual({ at: "code", address, request: "request", sent: 1 });
    await flow.giveCode("1234 5678");
    expect(flow.state).toEqual({ at: "password", address, ticket: "ticket" });
    await flow.choosePassword("correct horse battery");
    expect(flow.state).toEqual({ at: "confirm", details });
    expect(posted).toEqual([]);
    await flow.confirm();
    expect(flow.state).toEqual({ at: "done", code: "code" });
    expect(posted).toEqual(["code"]);
    expect(asked).toEqual([
      `look ${id} ${address}`,
      `sendCode ${address}`,
      "verifyCode request 12345678",
      "vault.startRegistration correct horse battery",
      "startRegistration ticket message",
      "vault.finishRegistration response",
      "finishRegistration ticket record age1 identity",
      `envelope ${id}`,
      `release ${id}`,
      "vault.release",
      "endSession",
    ]);
  });

  test("of somebody who returns: the password goes to the vault only", async () => {
    const { flow, asked } = make();
    await flow.giveAddress(address);
    await flow.signIn("secret words");
    expect(flow.state.at).toBe("confirm");
    expect(asked).toEqual([
      `look ${id} ${address}`,
      "vault.startLogin secret words",
      `startSession ${address} ke1`,
      "vault.finishLogin ke2",
      "finishSession login ke3",
      "vault.unlock wrapped",
      `envelope ${id}`,
    ]);
  });

  test("without a page that waits: a code to copy", async () => {
    const { flow } = await atConfirm({ present: false });
    await flow.confirm();
    expect(flow.state).toEqual({ at: "release-code", code: "code" });
  });

  test("a page that did not open the message: the code can be shown", async () => {
    const { flow } = await atConfirm();
    await flow.confirm();
    flow.showCode();
    expect(flow.state).toEqual({ at: "release-code", code: "code" });
  });

  test("cancelled: the session ends, and the page is told", async () => {
    const { flow, asked, posted } = await atConfirm();
    flow.cancel();
    expect(flow.state.at).toBe("cancelled");
    expect(posted).toEqual(["cancelled"]);
    expect(asked.at(-1)).toBe("endSession");
    expect(asked).not.toContain(`release ${id}`);
  });

  test("what is pressed twice happens once", async () => {
    const { flow, asked } = await atConfirm();
    await Promise.all([flow.confirm(), flow.confirm()]);
    expect(asked.filter((name) => name.startsWith("release"))).toHaveLength(1);
  });

  test("another code counts as sent again", async () => {
    const { flow } = make({ look: "register" });
    await flow.giveAddress(address);
    await flow.sendCode();
    await flow.sendCode();
    expect(flow.state).toMatchObject({ at: "code", sent: 2 });
  });

  test("another address begins anew, with the old one to mend", async () => {
    const { flow } = make();
    await flow.giveAddress(address);
    flow.changeAddress();
    expect(flow.state).toEqual({ at: "address", address });
  });
});

describe("what the server says leads to", () => {
  test.each(["locked", "expired"] as const)("%s, when it is asked about the address", async (look) => {
    const { flow } = make({ look });
    await flow.giveAddress(address);
    expect(flow.state).toEqual({ at: look });
  });

  test.each(["locked", "expired"])("%s, when the session looks", async (state) => {
    const { flow } = make({ api: { envelope: async () => ({ ...details, state }) } });
    await flow.giveAddress(address);
    await flow.signIn("x");
    expect(flow.state).toEqual({ at: state });
  });

  test("the address again, when nobody has that address", async () => {
    const { flow } = make({ look: "unknown" });
    await flow.giveAddress(address);
    expect(flow.state).toEqual({ at: "address", address, problem: { name: "unknown-address" } });
  });

  const failing: [string, string, object, (flow: Flow) => Promise<void>, Partial<State> & object][] = [
    [
      "a wrong password, by the server",
      "finishSession",
      new ApiError("sign-in"),
      (flow) => flow.signIn("x"),
      { at: "sign-in", problem: { name: "wrong-password" } },
    ],
    [
      "too many passwords",
      "startSession",
      new ApiError("too-many", { retryAfter: 60 }),
      (flow) => flow.signIn("x"),
      { at: "sign-in", problem: { name: "too-many", retryAfter: 60 } },
    ],
    [
      "no connection",
      "startSession",
      new ApiError("unreachable"),
      (flow) => flow.signIn("x"),
      { at: "sign-in", problem: { name: "unreachable" } },
    ],
    [
      "an account of another address",
      "envelope",
      new ApiError("not-found"),
      (flow) => flow.signIn("x"),
      { at: "address", problem: { name: "not-yours" } },
    ],
    [
      "a server that fails",
      "finishSession",
      new ApiError("bad-answer"),
      (flow) => flow.signIn("x"),
      { at: "sign-in", problem: { name: "failed" } },
    ],
    ["a bug", "finishSession", new TypeError("x"), (flow) => flow.signIn("x"), { at: "broken" }],
  ];
  test.each(failing)("%s", async (_title, call, error, act, state) => {
    const { flow } = make({ api: { [call]: throws(error as Error) } });
    await flow.giveAddress(address);
    await act(flow);
    expect(flow.state).toMatchObject(state);
    expect(flow.busy).toBe(false);
  });

  const registering: [string, string, ApiError, object][] = [
    [
      "a wrong code",
      "verifyCode",
      new ApiError("wrong-code", { triesLeft: 3 }),
      { at: "code", problem: { name: "wrong-code", triesLeft: 3 } },
    ],
    [
      "the last wrong code",
      "verifyCode",
      new ApiError("wrong-code", { triesLeft: 0 }),
      { at: "register", problem: { name: "code-gone" } },
    ],
    ["a code that is used up", "verifyCode", new ApiError("gone"), { at: "register", problem: { name: "code-gone" } }],
    [
      "a ticket that is out of time",
      "startRegistration",
      new ApiError("gone"),
      { at: "register", problem: { name: "code-gone" } },
    ],
    [
      "an account that is there already",
      "finishRegistration",
      new ApiError("conflict"),
      { at: "sign-in", problem: { name: "registered" } },
    ],
    [
      "mail that does not work",
      "sendCode",
      new ApiError("unavailable", { retryAfter: 5 }),
      { at: "register", problem: { name: "unavailable" } },
    ],
  ];
  test.each(registering)("%s, while registering", async (_title, call, error, state) => {
    const { flow } = make({ look: "register", api: { [call]: throws(error) } });
    await flow.giveAddress(address);
    await flow.sendCode();
    if (flow.state.at === "code") await flow.giveCode("12345678");
    if (flow.state.at === "password") await flow.choosePassword("correct horse battery");
    expect(flow.state).toMatchObject({ address, ...state });
  });

  const releasing: [string, ApiError, object][] = [
    [
      "a session that has ended",
      new ApiError("sign-in"),
      { at: "sign-in", address, problem: { name: "session-ended" } },
    ],
    ["a message that was locked meanwhile", new ApiError("gone", { state: "locked" }), { at: "locked" }],
    ["a message that has expired meanwhile", new ApiError("gone", { state: "expired" }), { at: "expired" }],
    ["no connection", new ApiError("unreachable"), { at: "confirm", problem: { name: "unreachable" } }],
  ];
  test.each(releasing)("%s, at the release", async (_title, error, state) => {
    const { flow, posted } = await atConfirm({ api: { release: throws(error) } });
    await flow.confirm();
    expect(flow.state).toMatchObject(state);
    expect(posted).toEqual([]);
  });

  test("a wrong password, found by the vault; no session is asked for", async () => {
    const { flow, asked } = make({ vault: { finishLogin: throws(new VaultError("password")) } });
    await flow.giveAddress(address);
    await flow.signIn("x");
    expect(flow.state).toMatchObject({ at: "sign-in", problem: { name: "wrong-password" } });
    expect(asked.some((name) => name.startsWith("finishSession"))).toBe(false);
  });

  test("a key that does not fit, or a vault that is broken", async () => {
    const { flow } = await atConfirm({ vault: { release: throws(new VaultError("key")) } });
    await flow.confirm();
    expect(flow.state).toMatchObject({ at: "confirm", problem: { name: "wrong-key" } });
    const other = make({ vault: { startLogin: throws(new VaultBroken()) } });
    await other.flow.giveAddress(address);
    await other.flow.signIn("x");
    expect(other.flow.state).toEqual({ at: "broken" });
  });
});
