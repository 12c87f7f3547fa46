/**
 * Bytes as text, 4 in 5 characters where base64 takes 5.33: what the viewer's own block is written in. The letters are
 * printable ASCII without those that mean something in HTML, in JavaScript or at the end of an address.
 */
export const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%()*+,-./;=?[]^_{|}~";

/** encode returns the text of bytes, filled up with zeros to a multiple of 4. */
export function encode(bytes) {
  const filled = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  bytes.copy(filled);
  let text = "";
  for (let at = 0; at < filled.length; at += 4) {
    let value = filled.readUInt32BE(at);
    let group = "";
    for (let i = 0; i < 5; i++) {
      group = letters[value % 85] + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}
