/**
 * base64url (RFC 4648 §5) without padding, as all binary values of the formats are written.
 * Decoding is strict: one text for the same bytes, any other is refused.
 */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** encodeBase64url returns the text of bytes. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += alphabet[(held >> bits) & 63];
    }
  }
  return bits > 0 ? text + alphabet[(held << (6 - bits)) & 63] : text;
}

/** decodeBase64url returns the bytes of a text, or nothing if it is not the one text for them (or not `size` bytes). */
export function decodeBase64url(text: string, size?: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  if (size !== undefined && bytes.length !== size) return undefined;
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = alphabet.indexOf(letter);
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
    }
  }
  const spare = held & ((1 << bits) - 1);
  return bits < 6 && spare === 0 ? bytes : undefined;
}
