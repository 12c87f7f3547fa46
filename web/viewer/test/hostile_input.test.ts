import { readdirSync, readFileSync } from "node:fs";
import { readMessage } from "@bulla/shared/messages";
import { describe, expect, test } from "vitest";
import { readEnvelope } from "../src/data.ts";
import { charsetOfHtml, decodeText, partBytes } from "../src/decode.ts";
import { Malformed } from "../src/json.ts";
import { type Part, parseManifest } from "../src/manifest.ts";
import { distinct, safeName } from "../src/names.ts";
import { codeBytes, parseRelease } from "../src/release.ts";

/** What a stranger wrote is read, or refused with the parser's own error: no other, and in no more than moments. */

const corpus = new URL("../../../fuzz/corpus/manifest/", import.meta.url);
const id = "A".repeat(30);
const release = Buffer.from(
  JSON.stringify({
    v: 1,
    id,
    share: "A".repeat(22),
    organisation: { id: "acme", name: "Acme" },
    signing_keys: ["A".repeat(43)],
    domains: ["acme.example"],
    address: "bob@example.org",
    released: "2026-11-24T12:00:00.000Z",
  }),
);
const seeds = [...readdirSync(corpus).map((name) => readFileSync(new URL(name, corpus))), release];
const deep = Buffer.from(`{"v":${"[".repeat(500_000)}`);
const long = Buffer.from(`{"v":1,"id":"${"x\\u0041".repeat(600_000)}","a":"${"y".repeat(4_000_000)}`);
const wide = Buffer.from(`{"v":1,"runs":[${"[0,1,76],".repeat(500_000)}`);

/** chance gives the same numbers below `end` in each run. */
function chance(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

function noise(next: (end: number) => number, size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, () => next(256));
}

/** damaged gives inputs like `whole`: cut at each byte, and with one to eight bytes changed to others that matter. */
function* damaged(whole: Uint8Array, next: (end: number) => number): Generator<Uint8Array> {
  for (let size = 0; size <= whole.length; size++) yield whole.subarray(0, size);
  const telling = [...'"{}[],:\\0-.e9', "\0", "\n", "\xff", "\xed", "\xc0"].map((letter) => letter.charCodeAt(0));
  for (let i = 0; i < 1500; i++) {
    const bytes = Uint8Array.from(whole); // a Buffer's slice() is no copy
    for (let left = 1 + next(8); left > 0; left--)
      bytes[next(bytes.length)] = next(2) ? next(256) : (telling[next(telling.length)] as number);
    yield bytes;
  }
}

describe("what is not well-formed is refused as Malformed", () => {
  const parsers: [string, (bytes: Uint8Array) => unknown][] = [
    ["manifest", parseManifest],
    ["data block", (bytes) => readEnvelope(Buffer.from(bytes).toString())],
    ["release", parseRelease],
  ];
  test.each(parsers)(
    "%s",
    (_title, parse) => {
      let [read, refused] = [0, 0];
      const next = chance(20261124);
      const inputs = [...seeds.flatMap((seed) => [...damaged(seed, next)]), noise(next, 5000), deep, long, wide];
      for (const input of inputs) {
        try {
          parse(input);
          read++;
        } catch (error) {
          if (!(error instanceof Malformed))
            throw new Error(Buffer.from(input).toString("latin1").slice(0, 2000), { cause: error });
          refused++;
        }
      }
      expect(read).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(inputs.length / 3);
    },
    60_000,
  );
});

describe("what is lenient takes anything", () => {
  const next = chance(7);
  const charsets = [
    "",
    "us-ascii",
    "utf-8",
    "utf-16le",
    "iso-2022-jp",
    "gb18030",
    "replacement",
    "x-no-such",
    "\0",
    "utf-8\n",
    "é".repeat(1000),
  ];

  test("text in any charset", () => {
    for (let i = 0; i < 3000; i++) {
      const bytes = noise(next, next(300));
      const text = decodeText(bytes, charsets[next(charsets.length)] as string);
      expect(text.length).toBeLessThanOrEqual(bytes.length * 3);
      charsetOfHtml(bytes);
    }
  });

  test("parts in any encoding", () => {
    for (const encoding of ["identity", "base64", "quoted-printable", "other"] as const)
      for (let i = 0; i < 1000; i++) {
        const bytes = noise(next, 1 + next(300)).map((byte) => (byte % 3 ? 0x3d + (byte % 9) : byte));
        const part = { offset: 0, size: bytes.length, encoding } as Part;
        expect(partBytes(part, { size: bytes.length, read: () => bytes }).length).toBeLessThanOrEqual(bytes.length);
      }
  });

  test("names", () => {
    const pieces = [
      "..",
      "/",
      "\\",
      "\0",
      "\u202e",
      "con",
      ".exe",
      " ",
      "\ud800",
      "\udc00",
      "\u{1f600}",
      "a\u0301",
      "\ufdfa",
      "~",
      "nul.",
      "\r\n",
    ];
    for (let i = 0; i < 3000; i++) {
      const name = Array.from({ length: next(400) }, () => pieces[next(pieces.length)]).join("");
      const safe = safeName(name, "text/plain", 1);
      expect(safe).not.toBe("");
      expect(safe).not.toMatch(/[/\\\p{Cc}\p{Cs}\u202e]|^\.|[. ]$/u);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
      expect(new Set(distinct([safe, safe.toUpperCase(), safe])).size).toBe(3);
    }
    expect(safeName("\ufdfa".repeat(500_000), "", 1).length).toBeLessThan(255);
  }, 30_000);

  test("messages of other windows", () => {
    const values = [
      null,
      undefined,
      0,
      1,
      "",
      "release",
      "greeting",
      id,
      "A".repeat(65_537),
      [],
      {},
      new Map(),
      () => 1,
      Symbol.iterator,
    ];
    const known = ["greeting", "ready", "cancelled", "release"];
    for (let i = 0; i < 5000; i++) {
      const any = () => values[next(values.length)];
      const data = next(20)
        ? {
            bulla: next(4) ? 1 : any(),
            type: next(2) ? known[next(4)] : any(),
            id: next(4) ? id : any(),
            release: any(),
          }
        : any();
      const message = readMessage(data, id);
      if (message) expect([message.bulla, message.id, known.includes(message.type)]).toEqual([1, id, true]);
      if (message?.type === "release") expect(typeof message.release).toBe("string");
    }
    expect(readMessage({ __proto__: { bulla: 2 }, type: "ready", id }, id)).toBeUndefined();
  });

  test("codes", () => {
    for (let i = 0; i < 3000; i++) codeBytes(Buffer.from(noise(next, next(300))).toString("latin1"));
    expect(codeBytes("!".repeat(5_000_000))).toBeUndefined();
  });
});
