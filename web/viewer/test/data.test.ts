import { describe, expect, test } from "vitest";
import { hostOf, readEnvelope } from "../src/data.ts";
import { codeBytes } from "../src/release.ts";

const data = (change: object = {}) =>
  JSON.stringify({
    v: 1,
    id: "A".repeat(30),
    origin: "https://keys.example.com",
    organisation: { id: "acme", name: "Acme Ltd" },
    from: { address: "ann@acme.example", name: "Ann" },
    to: "bob@example.org",
    date: "2026-11-24T08:15:00.000Z",
    size: 1000,
    ...change,
  });

describe("the data block", () => {
  test.each(["https://keys.example.com", "https://keys.example.com:8443", "http://127.0.0.1:9000", "http://localhost"])(
    "may name %s",
    (origin) => expect(readEnvelope(data({ origin })).origin).toBe(origin),
  );

  const refused: [string, string][] = [
    ["plain HTTP elsewhere", data({ origin: "http://keys.example.com" })],
    ["an origin with a path", data({ origin: "https://keys.example.com/a" })],
    ["an origin with a slash", data({ origin: "https://keys.example.com/" })],
    ["an origin with a user", data({ origin: "https://a@keys.example.com" })],
    ["an origin that is a script", data({ origin: "javascript:alert(1)" })],
    ["an origin in capital letters", data({ origin: "https://Keys.example.com" })],
    ["no origin", data({ origin: "" })],
    ["another version", data({ v: 2 })],
    ["a malformed id", data({ id: "x" })],
    ["nothing", ""],
  ];
  test.each(refused)("is refused: %s", (_title, text) => {
    expect(() => readEnvelope(text)).toThrow();
  });

  test("has a host that people know", () => {
    expect(hostOf("https://keys.example.com:8443")).toBe("keys.example.com:8443");
  });
});

test("a code may have white space from copying, and nothing else", () => {
  expect(codeBytes(" AQ\nI\tD ")).toEqual(new Uint8Array([1, 2, 3]));
  expect(codeBytes("")).toBeUndefined();
  expect(codeBytes("AQID=")).toBeUndefined();
  expect(codeBytes("AQ+D")).toBeUndefined();
});
