import { describe, expect, test } from "vitest";
import { Malformed, parseJson } from "../src/json.ts";
import { parseManifest } from "../src/manifest.ts";

const id = "AZ3v".padEnd(30, "A");
const key = "A".repeat(43);
const mailbox = { address: "ann@acme.example", name: "Ann" };
const part = {
  type: "text/plain",
  charset: "utf-8",
  name: "",
  disposition: "",
  cid: "",
  offset: 10,
  size: 20,
  encoding: "identity",
};

const manifest = () => ({
  v: 1,
  id,
  key,
  organisation: { id: "acme", name: "Acme Ltd" },
  from: mailbox,
  to: [mailbox],
  cc: [] as object[],
  subject: "Grüße",
  date: "2026-11-24T08:15:00.000Z",
  sealed: "2026-11-24T08:15:00.000Z",
  expires: null,
  may: ["reply"],
  message: { size: 100, original_size: 108, root: key },
  runs: [[10, 20, 76]],
  parts: [part],
  body: [{ text: 0 }],
  index: "complete",
});

const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

describe("a manifest", () => {
  test("is read, with unknown names ignored and empty optional ones absent", () => {
    const read = parseManifest(encode({ ...manifest(), later: { a: [1] } }));
    expect(read.subject).toBe("Grüße");
    expect(read.sender).toBeUndefined();
    expect(read.message).toEqual({ size: 100, originalSize: 108, root: new Uint8Array(32) });
    expect(read.runs).toEqual([{ offset: 10, size: 20, width: 76 }]);
    expect(read.body).toEqual([{ text: 0, html: undefined }]);
  });

  const whole = JSON.stringify(manifest());
  const changed = (change: object) => ({ ...manifest(), ...change });
  const refused: [string, unknown][] = [
    ["no JSON", "{"],
    ["another version", changed({ v: 2 })],
    ["a name that stands twice", whole.replace('"subject":', '"subject":"x","subject":')],
    ["a name that stands twice in a part", whole.replace('"cid":', '"cid":"","cid":')],
    ["text behind the object", `${whole} x`],
    ["a byte order mark", `\ufeff${whole}`],
    ["an id of 21 bytes", changed({ id: "A".repeat(28) })],
    ["an id with spare bits", changed({ id: `${"A".repeat(29)}B` })],
    ["a key in padded base64", changed({ key: `${key}=` })],
    ["a subject that is no string", changed({ subject: null })],
    ["half of a surrogate pair", whole.replace("Grüße", "\\ud800")],
    ["a string over 16 KiB", changed({ subject: "ü".repeat(8193) })],
    ["a local time", changed({ date: "2026-11-24T08:15:00.000+01:00" })],
    ["a day that is none", changed({ date: "2026-02-30T08:15:00.000Z" })],
    ["no expiry", { ...manifest(), expires: undefined }],
    ["a right that is none", changed({ may: ["print"] })],
    ["a size below zero", changed({ message: { ...manifest().message, size: -1 } })],
    ["a size that is no whole number", changed({ message: { ...manifest().message, size: 1.5 } })],
    ["a run beyond the message", changed({ runs: [[90, 20, 76]] })],
    [
      "runs that overlap",
      changed({
        runs: [
          [10, 20, 76],
          [29, 5, 76],
        ],
      }),
    ],
    [
      "runs in disorder",
      changed({
        runs: [
          [50, 20, 76],
          [10, 5, 76],
        ],
      }),
    ],
    ["sizes that contradict each other", changed({ message: { ...manifest().message, original_size: 109 } })],
    ["an empty run", changed({ runs: [[10, 0, 76]] })],
    ["a run without width", changed({ runs: [[10, 5, 0]] })],
    ["a run of too great a width", changed({ runs: [[10, 5, 65536]] })],
    ["a run with more numbers", changed({ runs: [[10, 5, 76, 1]] })],
    ["a part beyond the message", changed({ parts: [{ ...part, offset: 81 }] })],
    ["a part that is longer than the message", changed({ parts: [{ ...part, offset: 0, size: 101 }] })],
    ["an encoding that is none", changed({ parts: [{ ...part, encoding: "7bit" }] })],
    ["a body of a part that is not there", changed({ body: [{ text: 1 }] })],
    ["a body of nothing", changed({ body: [{}] })],
    ["an author with a second @", changed({ from: { address: "ceo@bank.example@evil.example", name: "" } })],
    ["an author with a blank", changed({ from: { address: "ceo@bank.example\u3000x@evil.example", name: "" } })],
    ["an author with a filler", changed({ from: { address: "ceo\u3164x@evil.example", name: "" } })],
    ["an author with a wide @", changed({ from: { address: "ceo\uff20bank.example@evil.example", name: "" } })],
    ["an author with a tag", changed({ from: { address: "ceo\u{e0020}x@evil.example", name: "" } })],
    ["an author with an Arabic mark", changed({ from: { address: "ceo\u061cx@evil.example", name: "" } })],
    ["an author that turns around", changed({ sender: { address: "a\u202eb@evil.example", name: "" } })],
    ["a part in two bodies", changed({ body: [{ text: 0 }, { html: 0 }] })],
    ["text and HTML are one part", changed({ body: [{ text: 0, html: 0 }] })],
    ["parts without an index", changed({ index: "none" })],
    ["1001 parts", changed({ parts: Array(1001).fill(part) })],
    ["1001 mailboxes", changed({ to: Array(500).fill(mailbox), cc: Array(500).fill(mailbox) })],
    ["a reply token that is not base64url", changed({ reply: { key: "age1", token: "+" } })],
  ];
  test.each(refused)("is refused: %s", (_title, value) => {
    expect(() => parseManifest(encode(value))).toThrow();
  });

  test("is refused when it is not UTF-8", () => {
    const bytes = encode(manifest());
    bytes[bytes.indexOf(0xc3)] = 0xff;
    expect(() => parseManifest(bytes)).toThrow();
  });

  test("may have all that its bounds allow", () => {
    const most = changed({
      to: Array(999).fill(mailbox),
      parts: Array(1000).fill(part),
      subject: "ü".repeat(8192),
      may: ["reply", "reply-all", "forward"],
      reply: { key: "age1", token: "AA" },
    });
    expect(parseManifest(encode(most)).parts).toHaveLength(1000);
  });
});

describe("JSON", () => {
  test.each(["null", "true", "-0", "1e3", '"\\u00e4\\n"', "[]", "{}", ' [1, {"a": [2, "x"]}] ', '{"__proto__": 1}'])(
    "reads %s as JSON.parse does",
    (text) => {
      const plain = (value: unknown): unknown => {
        if (value instanceof Map) return [...value].map(([name, member]) => [name, plain(member)]);
        return Array.isArray(value) ? value.map(plain) : value;
      };
      const builtIn = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(builtIn);
        return typeof value === "object" && value !== null
          ? Object.entries(value).map(([name, member]) => [name, builtIn(member)])
          : value;
      };
      expect(plain(parseJson(text))).toEqual(builtIn(JSON.parse(text)));
    },
  );

  const refused = [
    "",
    " ",
    "[1,]",
    "{,}",
    '{"a":1,}',
    "{a:1}",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "tru",
    "'a'",
    '"\n"',
    '"\\x"',
    '"\\u12"',
    "[1 2]",
    "[",
    "]",
    '{"a"}',
    '{"a":}',
    "1 2",
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    "\u00a01",
    "[".repeat(20) + "]".repeat(20),
  ];
  test.each(refused)("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow(Malformed);
  });
});
