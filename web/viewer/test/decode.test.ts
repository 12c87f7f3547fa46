import { describe, expect, test } from "vitest";
import { charsetOfHtml, decodeBase64, decodeQuotedPrintable, decodeText } from "../src/decode.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const text = (value: Uint8Array) => Buffer.from(value).toString("latin1");

describe("base64 of a mail", () => {
  const rows: [string, string, string][] = [
    ["in lines", "SGVs\r\nbG8=\r\n", "Hello"],
    ["without padding", "SGVsbG8", "Hello"],
    ["with strange characters", "SG!Vs-bG 8=", "Hello"],
    ["ends at its padding", "SGVsbG8=SGVsbG8=", "Hello"],
    ["cut within a byte", "SGVsbG8h!S", "Hello!"],
    ["empty", "", ""],
  ];
  test.each(rows)("%s", (_title, encoded, decoded) => {
    expect(text(decodeBase64(bytes(encoded)))).toBe(decoded);
  });

  test("gives back any bytes", () => {
    const all = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 255);
    for (const size of [0, 1, 2, 3, 255, 1000]) {
      const part = all.subarray(0, size);
      expect(decodeBase64(bytes(Buffer.from(part).toString("base64")))).toEqual(part);
    }
  });
});

describe("quoted-printable of a mail", () => {
  const rows: [string, string, string][] = [
    ["bytes", "caf=C3=A9", "caf\u00c3\u00a9"],
    ["small letters", "=c3=a9", "\u00c3\u00a9"],
    ["a soft line break", "one=\r\ntwo", "onetwo"],
    ["a soft line break with blanks", "one= \t\r\ntwo", "onetwo"],
    ["a soft line break with a bare LF", "one=\ntwo", "onetwo"],
    ["an end within an escape", "one=", "one"],
    ["an '=' that means nothing", "a=b=zz", "a=b=zz"],
    ["lines stay", "a\r\nb", "a\r\nb"],
  ];
  test.each(rows)("%s", (_title, encoded, decoded) => {
    expect(text(decodeQuotedPrintable(bytes(encoded)))).toBe(decoded);
  });
});

describe("text", () => {
  const rows: [string, number[], string, string][] = [
    ["in UTF-8", [0xc3, 0xbc], "utf-8", "ü"],
    ["in ISO-2022-JP", [0x1b, 0x24, 0x42, 0x38, 0x2b, 0x1b, 0x28, 0x42], "iso-2022-jp", "見"],
    ["in Windows-1251", [0xcf], "windows-1251", "П"],
    ["undeclared UTF-8", [0xc3, 0xbc], "", "ü"],
    ["undeclared, and not UTF-8", [0xfc], "", "ü"],
    ["declared ASCII, and not", [0xc3, 0xbc], "us-ascii", "ü"],
    ["of a charset that nobody knows", [0xfc], "x-unknown", "ü"],
    ["damaged UTF-8", [0x61, 0xff, 0x62], "utf-8", "a\ufffdb"],
  ];
  test.each(rows)("%s", (_title, encoded, charset, decoded) => {
    expect(decodeText(Uint8Array.from(encoded), charset)).toBe(decoded);
  });
});

test("HTML names its charset itself", () => {
  expect(charsetOfHtml(bytes('<html><head><meta charset="KOI8-R">'))).toBe("koi8-r");
  expect(charsetOfHtml(bytes('<meta http-equiv=Content-Type content="text/html; charset=gb2312">'))).toBe("gb2312");
  expect(charsetOfHtml(bytes("<p>charset=utf-8"))).toBe("");
});
