// A writer of envelopes after doc/envelope-format.md, made of Node's crypto and age-encryption: no code of ours in it.
import { createCipheriv, createHash, generateKeyPairSync, hkdfSync, type KeyObject, sign } from "node:crypto";
import { Encrypter, type Recipient, Stanza } from "age-encryption";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

/** The `bulla-split` stanza, §3. */
class Split implements Recipient {
  constructor(
    readonly id: Uint8Array,
    readonly serverShare: Uint8Array,
    readonly envelopeShare: Uint8Array,
  ) {}

  wrapFileKey(fileKey: Uint8Array): Stanza[] {
    const input = Buffer.concat([this.serverShare, this.envelopeShare, Buffer.alloc(32)]);
    const key = Buffer.from(hkdfSync("sha256", input, this.id, "bulla/v1/split", 32));
    const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
    return [new Stanza(["bulla-split", toText(this.id), toText(this.envelopeShare), "-"], new Uint8Array(body))];
  }
}

/** padme, §4. */
export function padme(length: number): number {
  if (length < 2) return length;
  const e = Math.floor(Math.log2(length));
  const s = Math.floor(Math.log2(e)) + 1;
  const step = 2 ** Math.max(0, e - s);
  return Math.ceil(length / step) * step;
}

/** The root hash, §5. */
export function rootOf(message: Uint8Array): Uint8Array {
  const leaves: Buffer[] = [];
  for (let at = 0; at < message.length; at += 1 << 20) leaves.push(sha256(message.subarray(at, at + (1 << 20))));
  return new Uint8Array(sha256(Buffer.concat(leaves)));
}

export interface SigningKey {
  privateKey: KeyObject;
  publicKey: Uint8Array;
}

export function signingKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "jwk" }).x ?? "";
  return { privateKey, publicKey: new Uint8Array(Buffer.from(raw, "base64url")) };
}

/** What a test may do wrongly, each as somebody could who knows the file key. */
export interface Faults {
  padding?: (padding: Uint8Array) => Uint8Array;
  message?: (message: Uint8Array) => Uint8Array;
  signature?: (signature: Uint8Array) => Uint8Array;
  manifest?: (manifest: Uint8Array) => Uint8Array;
  length?: number;
}

export interface Sealed {
  id: string;
  share: Uint8Array;
  file: Uint8Array;
  root: Uint8Array;
  manifest: Uint8Array;
}

/** Seals a message: the whole file. The manifest holds what the tests need; reading it is not this package's part. */
export async function seal(message: Uint8Array, key: SigningKey, faults: Faults = {}): Promise<Sealed> {
  const id = crypto.getRandomValues(new Uint8Array(22));
  const share = crypto.getRandomValues(new Uint8Array(16));
  const root = rootOf(message);
  const manifest = new TextEncoder().encode(JSON.stringify({ v: 1, id: toText(id), root: toText(root) }));
  const signed = Buffer.concat([Buffer.from("bulla/v1/manifest\0"), sha256(manifest)]);
  const signature = new Uint8Array(sign(null, signed, key.privateKey));
  const written = faults.manifest?.(manifest) ?? manifest;
  const padding = new Uint8Array(padme(message.length + written.length + 68) - message.length - written.length - 68);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(faults.length ?? written.length);
  const content = Buffer.concat([
    faults.message?.(message) ?? message,
    faults.padding?.(padding) ?? padding,
    written,
    faults.signature?.(signature) ?? signature,
    length,
  ]);
  const encrypter = new Encrypter();
  encrypter.addRecipient(new Split(id, share, crypto.getRandomValues(new Uint8Array(32))));
  const file = await encrypter.encrypt(new Uint8Array(content));
  return { id: toText(id), share, file, root, manifest };
}
