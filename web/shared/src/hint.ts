import { decodeBase64url, encodeBase64url } from "./encoding.ts";

/**
 * The hint in the address of the portal's page (doc/envelope-format.md §9): to whom the file says that it was sent, so
 * that nobody has to type it. Nothing of it is proved, and anybody can make such a link: it only fills in a field.
 */

const longest = 320;

/** A local part and a domain, without what mail quotes, markup is made of, shows nothing, or turns the text around it. */
const address = /^[^\p{C}\p{Z}\p{DI}<>()[\]\\"&,:;@…]+@[^\p{C}\p{Z}\p{DI}<>()[\]\\"&,:;@…]+$/u;

/** encodeHint returns the hint for an address, or "" for a text that is none, such as one that was cut. */
export function encodeHint(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= longest && address.test(text) ? encodeBase64url(bytes) : "";
}

/** decodeHint returns the address in a hint, or nothing unless encodeHint could have made it. */
export function decodeHint(hint: string): string | undefined {
  if (hint.length > Math.ceil((longest * 4) / 3)) return undefined;
  const bytes = decodeBase64url(hint);
  if (!bytes) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return address.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
