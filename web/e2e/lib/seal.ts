/**
 * Seals test messages as doc/envelope-format.md says, in Node's own cryptography: a second implementation, written from
 * the specification alone, so that what it makes proves what the viewer reads. It can also make what no gateway would.
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { Encrypter } from "age-encryption";

export interface TestPart {
  type: string;
  charset?: string;
  name?: string;
  disposition?: "attachment" | "inline" | "";
  cid?: string;
  encoding?: "identity" | "base64" | "quoted-printable" | "other";
  body: string | Uint8Array;
  /** The body is stored decoded, and restored to lines of this width. */
  width?: number;
}

export interface TestMessage {
  subject?: string;
  from?: { address: string; name: string };
  to?: { address: string; name: string }[];
  cc?: { address: string; name: string }[];
  parts: TestPart[];
  body: { text?: number; html?: number }[];
  index?: "complete" | "none";
}

/** Sealed is a sealed message, with all that a gateway and a key server know of it. */
export interface Sealed {
  id: string;
  share: Buffer;
  signingKey: Buffer;
  header: Buffer;
  payload: Buffer;
  manifest: Record<string, unknown>;
  message: Buffer;
}

/** What a test changes on the way, to see it refused. */
export interface Tamper {
  manifest?: (manifest: Record<string, unknown>) => void;
  content?: (content: Buffer) => Buffer;
  signature?: (signature: Buffer) => Buffer;
}

const chunkSize = 64 * 1024;
const leafSize = 1024 * 1024;

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const hkdf = (key: Uint8Array, salt: Uint8Array | string, info: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, salt, info, 32));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

function aead(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** padme, by its definition with logarithms. */
export function padme(length: number): number {
  if (length < 2) return length;
  const e = Math.floor(Math.log2(length));
  const s = Math.floor(Math.log2(e)) + 1;
  if (e - s <= 0) return length;
  const step = 2 ** (e - s);
  return Math.ceil(length / step) * step;
}

function rootOf(message: Buffer): Buffer {
  const leaves: Buffer[] = [];
  for (let at = 0; at < message.length; at += leafSize) leaves.push(sha256(message.subarray(at, at + leafSize)));
  return sha256(Buffer.concat(leaves));
}

/** The stream of age (C2SP age.md): chunks of 64 KiB, the last one marked in its nonce. */
function encryptPayload(fileKey: Buffer, content: Buffer): Buffer {
  const nonce = randomBytes(16);
  const key = hkdf(fileKey, nonce, "payload");
  const chunks: Uint8Array[] = [nonce];
  for (let at = 0, n = 0; at === 0 || at < content.length; at += chunkSize, n++) {
    const counter = Buffer.alloc(12);
    counter.writeUInt32BE(n, 7);
    counter[11] = at + chunkSize >= content.length ? 1 : 0;
    chunks.push(aead(key, counter, content.subarray(at, at + chunkSize)));
  }
  return Buffer.concat(chunks);
}

function splitHeader(fileKey: Buffer, id: Buffer, share: Buffer): Buffer {
  const envelopeShare = randomBytes(32);
  const kek = hkdf(Buffer.concat([share, envelopeShare, Buffer.alloc(32)]), id, "bulla/v1/split");
  const body = base64(aead(kek, Buffer.alloc(12), fileKey));
  const idText = id.toString("base64url");
  const text = `age-encryption.org/v1\n-> bulla-split ${idText} ${envelopeShare.toString("base64url")} -\n${body}\n---`;
  const mac = createHmac("sha256", hkdf(fileKey, "", "header"))
    .update(text)
    .digest();
  return Buffer.from(`${text} ${base64(mac)}\n`);
}

/** layOut writes the message: a small head, then the parts one after the other, each behind a blank line. */
function layOut(test: TestMessage) {
  const pieces: Uint8Array[] = [Buffer.from("From: test\r\nMIME-Version: 1.0\r\n")];
  const parts: Record<string, unknown>[] = [];
  const runs: number[][] = [];
  let offset = pieces[0]!.length;
  let originalSize = offset;
  const put = (bytes: Uint8Array, original = bytes.length): number => {
    pieces.push(bytes);
    offset += bytes.length;
    originalSize += original;
    return offset - bytes.length;
  };
  for (const {
    type,
    charset = "",
    name = "",
    disposition = "",
    cid = "",
    encoding = "identity",
    body,
    width,
  } of test.parts) {
    put(Buffer.from("\r\n\r\n"));
    const bytes = Buffer.from(body);
    const letters = Math.ceil(bytes.length / 3) * 4;
    const original = width ? letters + 2 * (Math.ceil(letters / width) - 1) : bytes.length;
    const at = put(bytes, original);
    if (width) runs.push([at, bytes.length, width]);
    parts.push({ type, charset, name, disposition, cid, offset: at, size: bytes.length, encoding });
  }
  return { message: Buffer.concat(pieces), parts, runs, originalSize };
}

/** seal seals a message for one recipient; the domain that it comes from is acme.example unless `from` says more. */
export function seal(test: TestMessage, tamper: Tamper = {}): Sealed {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signingKey = rawPublic(publicKey);
  const time = Buffer.alloc(6);
  time.writeUIntBE(Date.now(), 0, 6);
  const id = Buffer.concat([time, randomBytes(16)]);
  const { message, parts, runs, originalSize } = layOut(test);
  const now = new Date().toISOString();
  const manifest: Record<string, unknown> = {
    v: 1,
    id: id.toString("base64url"),
    key: signingKey.toString("base64url"),
    organisation: { id: "acme", name: "Acme Ltd" },
    from: test.from ?? { address: "ann@acme.example", name: "Ann Example" },
    to: test.to ?? [{ address: "bob@example.org", name: "Bob" }],
    cc: test.cc ?? [],
    subject: test.subject ?? "A test",
    date: now,
    sealed: now,
    expires: null,
    may: ["reply"],
    message: { size: message.length, original_size: originalSize, root: rootOf(message).toString("base64url") },
    runs,
    parts: test.index === "none" ? [] : parts,
    body: test.body,
    index: test.index ?? "complete",
  };
  tamper.manifest?.(manifest);
  const fileKey = randomBytes(16);
  const content = contentOf(message, Buffer.from(JSON.stringify(manifest)), privateKey, tamper);
  const share = randomBytes(16);
  return {
    id: id.toString("base64url"),
    share,
    signingKey,
    header: splitHeader(fileKey, id, share),
    payload: encryptPayload(fileKey, content),
    manifest,
    message,
  };
}

function contentOf(message: Buffer, manifest: Buffer, key: KeyObject, tamper: Tamper): Buffer {
  const signed = Buffer.concat([Buffer.from("bulla/v1/manifest\0"), sha256(manifest)]);
  const signature = sign(null, signed, key);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(manifest.length);
  const used = message.length + manifest.length + 68;
  const padding = Buffer.alloc(padme(used) - used);
  const content = Buffer.concat([message, padding, manifest, tamper.signature?.(signature) ?? signature, length]);
  return tamper.content?.(content) ?? content;
}

function rawPublic(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x as string, "base64url");
}

/** signingPublic returns the public half of a signing key's seed. */
export function signingPublic(seed: Buffer): Buffer {
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  return rawPublic(createPublicKey(key));
}

/** releaseFor makes the code that a recipient's confirmation gives out, sealed to a page's recipient ("age1…"). */
export async function releaseFor(sealed: Sealed, recipient: string, changes: object = {}): Promise<string> {
  const release = {
    v: 1,
    id: sealed.id,
    share: sealed.share.toString("base64url"),
    organisation: { id: "acme", name: "Acme Ltd" },
    signing_keys: [sealed.signingKey.toString("base64url")],
    domains: ["acme.example"],
    address: "bob@example.org",
    released: new Date().toISOString(),
    ...changes,
  };
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return Buffer.from(await encrypter.encrypt(JSON.stringify(release))).toString("base64url");
}

/** htmlFile fills the template of the page, as §7 says. */
export function htmlFile(template: string, sealed: Sealed, origin: string): string {
  const lines = (bytes: Buffer): string => bytes.toString("base64").replace(/.{76}(?=.)/g, "$&\n");
  const data = {
    v: 1,
    id: sealed.id,
    origin,
    organisation: sealed.manifest.organisation,
    from: sealed.manifest.from,
    to: "bob@example.org",
    date: sealed.manifest.date,
    size: sealed.payload.length,
  };
  const ascii = JSON.stringify(data).replace(
    /[<>&\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const block = (id: string, type: string, text: string): string =>
    `<script type="${type}" id="${id}">\n${text}\n</script>`;
  const notice =
    "<h1>You have a secure message</h1>\n<p>From <b>Ann Example</b> (ann@acme.example), for bob@example.org.</p>\n" +
    "<p>Save this file and open it in your browser.</p>";
  return template
    .replace("<!--bulla:notice-->", () => notice)
    .replace("<!--bulla:data-->", () => block("bulla-data", "application/json", ascii))
    .replace("<!--bulla:header-->", () => block("bulla-header", "text/plain", lines(sealed.header)))
    .replace("<!--bulla:payload-->", () => block("bulla-payload", "text/plain", lines(sealed.payload)));
}
