import { describe, expect, test } from "vitest";
import { keyOfRecipient, recipientOfKey } from "../src/bech32.ts";
import { decodeBase64url, encodeBase64url } from "../src/encoding.ts";
import { formatSize, formatTime, plainLine } from "../src/format.ts";
import { decodeHint, encodeHint } from "../src/hint.ts";
import { readMessage } from "../src/messages.ts";

describe("base64url", () => {
  test.each([0, 1, 2, 3, 4, 31, 32, 33, 1000])("of %i bytes is as Node writes it, and comes back", (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 37 + 11) & 255);
    const text = encodeBase64url(bytes);
    expect(text).toBe(Buffer.from(bytes).toString("base64url"));
    expect(decodeBase64url(text)).toEqual(bytes);
    expect(decodeBase64url(text, size)).toEqual(bytes);
    expect(decodeBase64url(text, size + 1)).toBeUndefined();
  });

  test.each(["A", "AA=", "AB", "AAB", "A+AA", "A/AA", "AA A", "AA\n", "ÄAAA"])("refuses %j", (text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });
});

describe("a recipient of age", () => {
  // The example key of the age specification's documentation of identities.
  const text = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

  test("gives its key, and the key gives it back", () => {
    const key = keyOfRecipient(text);
    expect(key).toHaveLength(32);
    expect(recipientOfKey(key as Uint8Array)).toBe(text);
  });

  const refused = [
    text.toUpperCase(),
    `${text.slice(0, -1)}q`,
    text.slice(0, -1),
    text.replace("age", "ag"),
    "age1",
    "",
    `${text} `,
  ];
  test.each(refused)("is refused: %s", (wrong) => {
    expect(keyOfRecipient(wrong)).toBeUndefined();
  });
});

describe("the hint at an address", () => {
  const b64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64url");

  test.each(["bob@example.org", "o'neill+x@a.example", "jörg@grün.example", `${"a".repeat(308)}@example.org`])(
    "comes back: %s",
    (address) => {
      expect(encodeHint(address)).toBe(b64(address));
      expect(decodeHint(encodeHint(address))).toBe(address);
    },
  );

  const none = [
    ["", "nothing"],
    ["bob", "no address"],
    ["bob@", "no domain"],
    ["@example.org", "no local part"],
    ["a@b@example.org", "two @"],
    ["a@x.example,b@x.example", "two addresses"],
    ["bob@exam…", "an address that was cut"],
    ['<img src=x onerror="alert(1)">@x.example', "markup"],
    ["<b>@x.example", "markup without blanks"],
    ["&lt;b@x.example", "a reference"],
    ["javascript:x@x.example", "an address of the web"],
    ['"a b"@x.example', "a quoted local part"],
    ["bob @x.example", "a blank"],
    ["bob\u00a0@x.example", "a blank that does not break"],
    ["bob@x.example\r\nBcc: eve@x.example", "lines"],
    ["bob\u0000@x.example", "a control"],
    ["bob\u202e@x.example", "an override of the direction"],
    ["bob\u2067@x.example", "an isolate"],
    ["bob\u200f@x.example", "a mark of direction"],
    ["bob\u200b@x.example", "a blank without width"],
    ["\ufeffbob@x.example", "a byte order mark"],
    ["bob\u3164@x.example", "a filler that shows nothing"],
    [`${"a".repeat(309)}@example.org`, "too long"],
    [`${"ä".repeat(160)}@x.example`, "too long in bytes"],
  ] as const;
  test.each(none)("is none: %j (%s)", (text) => {
    expect(encodeHint(text)).toBe("");
    expect(decodeHint(b64(text))).toBeUndefined();
  });

  test.each([
    b64(Uint8Array.of(0x62, 0xff, 0x40, 0x78)),
    b64(Uint8Array.of(0xc1, 0xa2, 0x40, 0x78)), // "b" in two bytes
    b64(Uint8Array.of(0xed, 0xa0, 0x80, 0x40, 0x78)), // half of a pair
    `${b64("bob@x.example")}=`,
    "Ym9iQHgr+",
    "A".repeat(1_000_000),
  ])("is none, being no UTF-8 or no base64url: %#", (hint) => {
    expect(decodeHint(hint)).toBeUndefined();
  });
});

describe("a message between windows", () => {
  const id = "A".repeat(30);
  test.each([
    { bulla: 1, type: "greeting", id },
    { bulla: 1, type: "ready", id },
    { bulla: 1, type: "cancelled", id },
    { bulla: 1, type: "release", id, release: "AQID" },
  ])("is read: %j", (message) => {
    expect(readMessage({ ...message, more: 1 }, id)).toEqual(message);
  });

  test.each([
    null,
    "greeting",
    { type: "greeting", id },
    { bulla: 2, type: "greeting", id },
    { bulla: 1, type: "greeting", id: "B".repeat(30) },
    { bulla: 1, type: "other", id },
    { bulla: 1, type: "release", id },
    { bulla: 1, type: "release", id, release: 7 },
    { bulla: 1, type: "release", id, release: "A".repeat(65537) },
  ])("is passed over: %j", (message) => {
    expect(readMessage(message, id)).toBeUndefined();
  });
});

test("sizes are short", () => {
  const sizes = [0, 999, 1000, 9949, 9950, 20_971_520, 999_499, 999_500, 3e9];
  expect(sizes.map(formatSize)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "9.9 kB",
    "10 kB",
    "21 MB",
    "999 kB",
    "1.0 MB",
    "3.0 GB",
  ]);
});

test("a time that is none is nothing", () => {
  expect(formatTime("2026-11-24T08:15:00.000Z")).toContain("2026");
  expect(formatTime("yesterday")).toBe("");
});

test("a stranger's line cannot turn or break the text around it", () => {
  expect(plainLine("a\u202eb\u2066c\r\nd\u2028e")).toBe("abc d e");
});
