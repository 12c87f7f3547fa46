import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { keyOfRecipient } from "@bulla/shared/bech32";
import { loadPortal, opaqueContext } from "@bulla/wasm/portal";
import { describe, expect, test } from "vitest";
import { Module } from "../../wasm/src/module.ts";
import { Vault, VaultError } from "../src/vault.ts";

// The vault with the real module, against the server's side of OPAQUE in the module for tests.
const wasm = (name: string) =>
  new Uint8Array(readFileSync(resolve(import.meta.dirname, `../../../build/wasm/${name}.wasm`)));
const portal = await loadPortal(wasm("portal"));
const server = await Module.load(wasm("testing"));
const setup = server.call("bulla_opaque_setup");

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const bytes = (value: string) => new Uint8Array(Buffer.from(value, "base64url"));
const address = "bob@example.org";
const password = "correct horse battery";

function register(vault: Vault) {
  const request = vault.startRegistration(password);
  return vault.finishRegistration(
    text(server.call("bulla_opaque_registration_response", setup, address, bytes(request))),
  );
}

function answer(record: string, ke1: string): string {
  const out = server.call("bulla_opaque_start_login", setup, address, bytes(record), bytes(ke1), opaqueContext);
  return text(out.slice(128));
}

const problemOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof VaultError ? error.problem : String(error);
  }
  return "none";
};

describe("a vault", () => {
  const account = register(new Vault(portal));

  test("gives out a recipient, and the identity only wrapped", () => {
    expect(keyOfRecipient(account.recipient)).toHaveLength(32);
    expect(bytes(account.record)).toHaveLength(192);
    const wrapped = Buffer.from(account.identity, "base64url");
    expect(wrapped.toString("latin1")).toMatch(/^age-encryption\.org\/v1\n-> X25519 /);
    expect(wrapped.toString("latin1")).not.toContain("AGE-SECRET-KEY");
    expect(wrapped.length).toBeLessThanOrEqual(4096);
  });

  test("is unlocked by the password, and refuses stanzas of others", () => {
    const vault = new Vault(portal);
    vault.finishLogin(answer(account.record, vault.startLogin(password)));
    vault.unlock(account.identity);
    expect(
      problemOf(() => vault.release({ ...released, stanzas: ["-> X25519 AAAA\nAAAA\n"] }, new Uint8Array(32).fill(9))),
    ).toBe("key");
  });

  test("seals what it releases to the page that asked, and to nobody else", () => {
    const vault = new Vault(portal);
    vault.finishLogin(answer(account.record, vault.startLogin(password)));
    vault.unlock(account.identity);
    // Any stanza that is sealed to the account will do: here that of a file.
    const file = Buffer.from(portal.age.seal(account.recipient, new Uint8Array(1))).toString("latin1");
    const stanza = /-> X25519 \S+\n\S+\n/.exec(file)?.[0] ?? "";
    const page = portal.age.generateIdentity();
    const key = keyOfRecipient(portal.age.recipientOf(page)) ?? new Uint8Array();
    const code = bytes(vault.release({ ...released, stanzas: [stanza] }, key));
    expect(Buffer.from(code).toString("latin1")).toMatch(/^age-encryption\.org\/v1\n-> X25519 /);
    const opened = JSON.parse(new TextDecoder().decode(portal.age.open(page, code)));
    expect(opened).toMatchObject({ v: 1, id: released.id, address });
    expect(() => portal.age.open(portal.age.generateIdentity(), code)).toThrow();
  });

  test("knows a wrong password before anything is sent", () => {
    const vault = new Vault(portal);
    const ke2 = answer(account.record, vault.startLogin("another password"));
    expect(problemOf(() => vault.finishLogin(ke2))).toBe("password");
  });

  test("refuses an identity that was wrapped by somebody else", () => {
    const other = register(new Vault(portal));
    const vault = new Vault(portal);
    vault.finishLogin(answer(account.record, vault.startLogin(password)));
    expect(problemOf(() => vault.unlock(other.identity))).toBe("key");
  });
});

const released = {
  id: "A".repeat(30),
  stanzas: [] as string[],
  organisation: { id: "acme", name: "Acme Ltd" },
  signingKeys: [],
  domains: [],
  address,
  time: "2026-11-24T08:15:00.000Z",
};
