// Tries to open an envelope with whatever somebody has got hold of. Written from doc/envelope-format.md over Node's own
// cryptography, so that it shares no code with Bulla.
//
// With stanzas_of_each, a list beside html, each file has stanzas of its own as well.
//
// Reads {html, identities, scalars, shares, stanzas} (envelopes' files in base64; AGE-SECRET-KEY-1 texts; 32-byte keys
// and 16-byte shares in hex; texts of X25519 stanzas) and writes {shares, plaintexts}: the server shares that were got
// out of the stanzas, in hex, and for each envelope the payload's plaintext in base64, or null.
import crypto from "node:crypto";
import fs from "node:fs";

const EMPTY = Buffer.alloc(0);
const hkdf = (key, salt, info) => Buffer.from(crypto.hkdfSync("sha256", key, salt, info, 32));

function decrypt(key, nonce, sealed) {
  const cipher = crypto.createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  cipher.setAuthTag(sealed.subarray(-16));
  try {
    return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
  } catch {
    return null;
  }
}

// The scalar in an AGE-SECRET-KEY-1 text (Bech32, whose checksum is left to those who make such texts).
function scalarOf(text) {
  const words = [...text.toLowerCase().slice("age-secret-key-1".length, -6)].map((c) => "qpzry9x8gf2tvdw0s3jn54khce6mua7l".indexOf(c));
  const bits = words.map((word) => word.toString(2).padStart(5, "0")).join("");
  return Buffer.from(Array.from({ length: 32 }, (_, at) => Number.parseInt(bits.slice(8 * at, 8 * at + 8), 2)));
}

const privateKey = (scalar) =>
  crypto.createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), scalar]), format: "der", type: "pkcs8" });
const publicKey = (point) =>
  crypto.createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), point]), format: "der", type: "spki" });

function readStanza(stanza) {
  const [first, ...body] = stanza.trim().split("\n");
  const share = Buffer.from(first.split(" ")[2], "base64");
  return { share, point: publicKey(share), body: Buffer.from(body.join(""), "base64") };
}

// The file keys of those X25519 stanzas (age v1) that are sealed to this key.
function unwrap(stanzas, scalar) {
  if (stanzas.length === 0) return [];
  const key = privateKey(scalar);
  const own = crypto.createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  return stanzas.map(({ share, point, body }) => {
    const secret = crypto.diffieHellman({ privateKey: key, publicKey: point });
    return decrypt(hkdf(secret, Buffer.concat([share, own]), "age-encryption.org/v1/X25519"), Buffer.alloc(12), body);
  });
}

function block(html, name) {
  return Buffer.from(html.split(`id="bulla-${name}">`)[1].split("</script>")[0], "base64");
}

// The payload's plaintext (age v1's STREAM), or null.
function openPayload(fileKey, payload) {
  const key = hkdf(fileKey, payload.subarray(0, 16), "payload");
  const out = [];
  for (let at = 16, number = 0; at < payload.length; at += 65552, number++) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(number, 7);
    nonce[11] = at + 65552 >= payload.length ? 1 : 0;
    const chunk = decrypt(key, nonce, payload.subarray(at, at + 65552));
    if (!chunk) return null;
    out.push(chunk);
  }
  return Buffer.concat(out);
}

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const scalars = [...asked.identities.map(scalarOf), ...asked.scalars.map((text) => Buffer.from(text, "hex"))];
const stanzas = asked.stanzas.map(readStanza);
const unwrapped = scalars.flatMap((scalar) => unwrap(stanzas, scalar)).filter(Boolean);
const always = [...unwrapped, EMPTY, Buffer.alloc(16), ...asked.shares.map((text) => Buffer.from(text, "hex"))];

// The payload's plaintext, by any of the keys and shares, or null.
function open(file, own) {
  const shares = [...scalars.flatMap((scalar) => unwrap(own.map(readStanza), scalar)).filter(Boolean), ...always];
  const html = Buffer.from(file, "base64").toString("latin1");
  const lines = block(html, "header").toString("latin1").split("\n");
  const [, , id, envelopeShare] = lines[1].split(" ");
  const body = Buffer.from(lines[2], "base64");
  const payload = block(html, "payload");
  const kek = (share) =>
    hkdf(Buffer.concat([share, Buffer.from(envelopeShare, "base64url"), Buffer.alloc(32)]), Buffer.from(id, "base64url"), "bulla/v1/split");
  const fileKeys = [...shares.map(kek), ...scalars].map((key) => decrypt(key, Buffer.alloc(12), body)).filter(Boolean);
  // What came out of a stanza could be the file key itself, if the splitting were forgotten.
  const keys = fileKeys.length > 0 ? fileKeys : unwrapped;
  return keys.map((key) => openPayload(key, payload)).find(Boolean) ?? null;
}

const plaintexts = asked.html.map((file, at) => open(file, asked.stanzas_of_each?.[at] ?? [])?.toString("base64") ?? null);
process.stdout.write(JSON.stringify({ shares: unwrapped.map((share) => share.toString("hex")), plaintexts }));
