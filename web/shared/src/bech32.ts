/** The texts of age's X25519 recipients: "age1…" is Bech32 (BIP 173) over the 32 bytes of the public key. */

const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const prefix = "age";

function checksum(values: number[]): number {
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [i, generator] of generators.entries()) if ((top >> i) & 1) sum ^= generator;
  }
  return sum;
}

function expandedPrefix(): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

/** regroup turns groups of `from` bits into groups of `to` bits; nothing when spare bits are not zero. */
function regroup(values: Iterable<number>, from: number, to: number, pad: boolean): number[] | undefined {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = ((held << from) | value) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >> bits) & ((1 << to) - 1));
    }
  }
  const spare = held & ((1 << bits) - 1);
  if (pad && bits > 0) out.push((spare << (to - bits)) & ((1 << to) - 1));
  return pad || (bits < from && spare === 0) ? out : undefined;
}

/** recipientOfKey returns the text of the recipient with this public key. */
export function recipientOfKey(key: Uint8Array): string {
  const values = regroup(key, 8, 5, true) ?? [];
  const sum = checksum([...expandedPrefix(), ...values, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31);
  return `${prefix}1${[...values, ...check].map((value) => letters[value]).join("")}`;
}

/** keyOfRecipient returns the public key of a recipient's text, or nothing if that is not well-formed. */
export function keyOfRecipient(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!text.startsWith(`${prefix}1`)) return undefined;
  const values = [...text.slice(prefix.length + 1)].map((letter) => letters.indexOf(letter));
  if (values.includes(-1) || checksum([...expandedPrefix(), ...values]) !== 1) return undefined;
  const bytes = regroup(values.slice(0, -6), 5, 8, false);
  return bytes?.length === 32 ? Uint8Array.from(bytes) : undefined;
}
