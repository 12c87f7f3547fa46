import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeText, partBytes } from "../src/decode.ts";
import { parseManifest, type Stored } from "../src/manifest.ts";
import { distinct, safeName } from "../src/names.ts";
import { restore } from "../src/restore.ts";

/** Mails that are made to break what reads them, as a gateway stores them, come back byte for byte in the browser, too. */

interface Mail {
  manifest: string;
  stored: string;
  original: string;
}

const file = new URL("../../../vectors/hostile.json", import.meta.url);
const mails = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, Mail>);
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));

function storedOf(mail: Mail): Stored {
  const whole = bytes(mail.stored);
  return { size: whole.length, read: (offset, size) => whole.slice(offset, offset + size) };
}

describe("a hostile mail", () => {
  test.each(mails)("comes back: %s", (_name, mail) => {
    const manifest = parseManifest(Buffer.from(mail.manifest));
    const stored = storedOf(mail);
    expect(stored.size).toBe(manifest.message.size);
    const restored = Buffer.concat([...restore(stored, manifest.runs)]);
    expect(restored.toString("base64url")).toBe(mail.original);
    expect(restored.length).toBe(manifest.message.originalSize);
  });

  test.each(mails)("has parts that can be read and saved: %s", (_name, mail) => {
    const manifest = parseManifest(Buffer.from(mail.manifest));
    const names = distinct(manifest.parts.map(({ name, type }, i) => safeName(name, type, i + 1)));
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(manifest.parts.length);
    for (const name of names) expect(name).toMatch(/^[^/\\\p{Cc}\u202a-\u202e\u2066-\u2069]+$/u);
    for (const part of manifest.parts) {
      const made = partBytes(part, storedOf(mail));
      expect(made.length).toBeLessThanOrEqual(part.size);
      decodeText(made, part.charset);
    }
  });

  test("there are many, and with base64 that is stored decoded", () => {
    const runs = mails.flatMap(([, mail]) => parseManifest(Buffer.from(mail.manifest)).runs);
    expect(mails.length).toBeGreaterThan(70);
    expect(runs.length).toBeGreaterThan(35);
    expect(new Set(runs.map(({ width }) => width)).size).toBeGreaterThan(5);
  });

  test("holds a boundary that ends nothing", () => {
    const mail = mails.find(([name]) => name === "boundary-decoded")?.[1];
    const { parts } = parseManifest(Buffer.from(mail?.manifest ?? ""));
    const texts = parts.map((part) => decodeText(partBytes(part, storedOf(mail as Mail)), ""));
    expect(texts).toEqual([
      "MARKER-TEXT",
      "\r\n--b--\r\n",
      expect.stringMatching(/<p>nobody sent this<\/p>\r\n--b--\r\n$/),
      "after",
    ]);
  });
});
