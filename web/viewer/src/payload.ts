/**
 * The base64 of an envelope's file, decoded in pieces: a payload is as large as the mail's attachments, and nothing of
 * that size is made here besides the text that the document holds already.
 */

// Lines have 76 characters; a piece is 13 000 of them, 741 000 bytes, whatever the line ends became on the way.
const pieceLength = 13_000 * 76;

/** decodedSize is a close upper bound for the bytes that base64 text gives. */
export function decodedSize(text: string): number {
  return Math.ceil((text.length * 3) / 4);
}

/** base64Pieces yields the bytes of padded base64 with white space in it, or throws when it is something else. */
export function* base64Pieces(text: string): Generator<Uint8Array<ArrayBuffer>> {
  let rest = "";
  for (let at = 0; at < text.length; at += pieceLength) {
    const letters = rest + text.slice(at, at + pieceLength).replace(/[ \t\r\n]+/g, "");
    const whole = at + pieceLength < text.length ? letters.length - (letters.length % 4) : letters.length;
    rest = letters.slice(whole);
    yield decode(letters.slice(0, whole));
  }
}

function decode(letters: string): Uint8Array<ArrayBuffer> {
  if (letters.length % 4 !== 0) throw new Error("base64 is cut off");
  const binary = atob(letters);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
