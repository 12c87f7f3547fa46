import type { Part, Stored } from "./manifest.ts";

/** Decoding of parts that are not stored decoded: lenient, since mail is; whatever cannot be read is passed over. */

const newline = 10;
const carriageReturn = 13;

/** base64Values maps a character's code to its six bits, or to 255. */
const base64Values = new Uint8Array(256).fill(255);
for (const [i, letter] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  base64Values[letter.charCodeAt(0)] = i;
}

/** decodeBase64 takes what is of the alphabet up to the first '=' (RFC 2045 §6.8). */
export function decodeBase64(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil((bytes.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const byte of bytes) {
    if (byte === 0x3d) break;
    const value = base64Values[byte] ?? 255;
    if (value === 255) continue;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
    }
  }
  return out.subarray(0, at);
}

/** decodeQuotedPrintable follows RFC 2045 §6.7; an '=' that means nothing stays as it is. */
export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte !== 0x3d) {
      out[at++] = byte;
      continue;
    }
    const end = softBreak(bytes, i + 1);
    const value = end === undefined ? hexValue(bytes, i + 1) : undefined;
    if (end !== undefined) i = end - 1;
    else if (value !== undefined) i += 2;
    if (end === undefined) out[at++] = value ?? byte;
  }
  return out.subarray(0, at);
}

/** softBreak returns where the line goes on if only blanks and a line end follow. */
function softBreak(bytes: Uint8Array, from: number): number | undefined {
  let i = from;
  while (bytes[i] === 0x20 || bytes[i] === 9) i++;
  if (i === bytes.length) return i;
  if (bytes[i] === carriageReturn && bytes[i + 1] === newline) return i + 2;
  return bytes[i] === newline ? i + 1 : undefined;
}

function hexValue(bytes: Uint8Array, at: number): number | undefined {
  const digits = String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0);
  return /^[\da-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

/** partBytes returns a part's bytes as their author made them. */
export function partBytes(part: Part, message: Stored): Uint8Array<ArrayBuffer> {
  const stored = message.read(part.offset, part.size);
  if (part.encoding === "base64") return decodeBase64(stored);
  if (part.encoding === "quoted-printable") return decodeQuotedPrintable(stored);
  return stored;
}

/** decodeText reads text in a charset; without one that is known, as UTF-8 if it is that, else as Windows-1252. */
export function decodeText(bytes: Uint8Array, charset: string): string {
  if (charset !== "" && charset !== "us-ascii") {
    try {
      return new TextDecoder(charset).decode(bytes);
    } catch {
      // A charset that no browser knows: guess.
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** charsetOfHtml finds the charset that an HTML document declares by itself, within its first kilobyte; else "". */
export function charsetOfHtml(bytes: Uint8Array): string {
  const start = new TextDecoder("windows-1252").decode(bytes.subarray(0, 1024));
  return /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(start)?.[1]?.toLowerCase() ?? "";
}
