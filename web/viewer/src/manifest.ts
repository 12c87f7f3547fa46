import { asCount, Fields } from "./fields.ts";
import { parseJsonBytes } from "./json.ts";

/** The manifest of a message, doc/envelope-format.md §6: what its sender's gateway has signed. */
export interface Manifest {
  id: string;
  key: Uint8Array;
  organisation: { id: string; name: string };
  from: Mailbox;
  sender: Mailbox | undefined;
  to: Mailbox[];
  cc: Mailbox[];
  subject: string;
  date: string;
  sealed: string;
  expires: string | null;
  may: string[];
  message: { size: number; originalSize: number; root: Uint8Array };
  runs: Run[];
  parts: Part[];
  body: BodyGroup[];
  index: "complete" | "none";
}

export interface Mailbox {
  address: string;
  name: string;
}

/** domainOf returns what stands behind the last "@", or "" where there is none. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 0 ? "" : address.slice(at + 1);
}

/** Run is a stretch of the stored message that stands decoded; restored, its base64 has lines of `width`. */
export interface Run {
  offset: number;
  size: number;
  width: number;
}

export interface Part {
  type: string;
  charset: string;
  name: string;
  disposition: "attachment" | "inline" | "";
  cid: string;
  offset: number;
  size: number;
  encoding: "identity" | "base64" | "quoted-printable" | "other";
}

/** Stored is an opened message as it is stored: runs decoded (§5). read() gives a copy. */
export interface Stored {
  readonly size: number;
  read(offset: number, size: number): Uint8Array<ArrayBuffer>;
}

/** BodyGroup names parts that show the same piece of the letter: as text, as HTML, or either. */
export interface BodyGroup {
  text: number | undefined;
  html: number | undefined;
}

const mostMailboxes = 1000;
const mostParts = 1000;
const mostRuns = 100_000;

/** parseManifest reads and checks a manifest, or throws Malformed. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const fields = new Fields(parseJsonBytes(bytes), "");
  if (fields.count("v") !== 1) fields.fail("v", "another version");
  fields.bytes("id", 22);
  const message = readMessage(fields.object("message"));
  const parts = fields.objects("parts", mostParts, (part) => readPart(part, message.size));
  const manifest: Manifest = {
    id: fields.text("id"),
    key: fields.bytes("key", 32),
    organisation: { id: fields.object("organisation").text("id"), name: fields.object("organisation").text("name") },
    from: readMailbox(fields.object("from")),
    sender: fields.has("sender") ? readMailbox(fields.object("sender")) : undefined,
    to: fields.objects("to", mostMailboxes, readMailbox),
    cc: fields.objects("cc", mostMailboxes, readMailbox),
    subject: fields.text("subject"),
    date: fields.time("date"),
    sealed: fields.time("sealed"),
    expires: fields.timeOrNull("expires"),
    may: readMay(fields),
    message,
    runs: readRuns(fields, message.size),
    parts,
    body: fields.objects("body", mostParts, (group) => readGroup(group, parts.length)),
    index: fields.oneOf("index", "complete", "none"),
  };
  checkOptional(fields);
  checkWhole(fields, manifest);
  checkShownOnce(fields, manifest);
  for (const author of [manifest.from, manifest.sender]) if (author) checkAuthor(fields, author.address);
  return manifest;
}

function readMailbox(fields: Fields): Mailbox {
  return { address: fields.text("address"), name: fields.text("name") };
}

function readMessage(fields: Fields): Manifest["message"] {
  return { size: fields.count("size"), originalSize: fields.count("original_size"), root: fields.bytes("root", 32) };
}

function readMay(fields: Fields): string[] {
  const known = ["reply", "reply-all", "forward"];
  const may = fields.list("may", known.length);
  return may.map((right) =>
    typeof right === "string" && known.includes(right) ? right : fields.fail("may", "not a right that is known"),
  );
}

function readRuns(fields: Fields, messageSize: number): Run[] {
  let end = 0;
  return fields.list("runs", mostRuns).map((item) => {
    if (!Array.isArray(item) || item.length !== 3) fields.fail("runs", "not [offset, size, width]");
    const [offset, size, width] = item.map((value) => asCount(value, Math.max(messageSize, 65535)));
    if (offset === undefined || !size || !width || width > 65535) fields.fail("runs", "values out of bounds");
    if (offset < end || offset + size > messageSize) fields.fail("runs", "overlap, disorder, or beyond the message");
    end = offset + size;
    return { offset, size, width };
  });
}

function readPart(fields: Fields, messageSize: number): Part {
  const size = fields.count("size", messageSize);
  return {
    type: fields.text("type"),
    charset: fields.text("charset"),
    name: fields.text("name"),
    disposition: fields.oneOf("disposition", "attachment", "inline", ""),
    cid: fields.text("cid"),
    offset: fields.count("offset", messageSize - size),
    size,
    encoding: fields.oneOf("encoding", "identity", "base64", "quoted-printable", "other"),
  };
}

function readGroup(fields: Fields, parts: number): BodyGroup {
  const text = fields.has("text") ? fields.count("text", parts - 1) : undefined;
  const html = fields.has("html") ? fields.count("html", parts - 1) : undefined;
  if (text === undefined && html === undefined) fields.fail("text", "neither text nor html");
  return { text, html };
}

/** What this viewer does not use yet must be well-formed all the same. */
function checkOptional(fields: Fields): void {
  if (fields.has("reply")) {
    fields.object("reply").text("key");
    fields.object("reply").bytes("token");
  }
  if (fields.has("archive")) fields.text("archive");
}

/** The size that the message has once its runs are encoded again (§5). */
function originalSize({ message, runs }: Manifest): number {
  return runs.reduce((sum, { size, width }) => {
    const letters = Math.ceil(size / 3) * 4;
    return sum - size + letters + 2 * (Math.ceil(letters / width) - 1);
  }, message.size);
}

/** What shows nothing, turns the text around it, or looks like an @ (§6). */
const misleading =
  /[\p{Cc} \u00a0\u00ad\u061c\u115f-\u1160\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe6b\ufeff\uff20\uffa0\ufff0-\ufff8\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\u034f|[\u17b4-\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0f]/u;

/** Readers vouch for the domain of an author's address: nothing in it may look like another address. */
function checkAuthor(fields: Fields, address: string): void {
  if (misleading.test(address) || address.split("@").length > 2) fields.fail("from", "hidden, or more than one @");
}

/** Each part is shown once: a manifest of a few parts must not make a reader show gigabytes. */
function checkShownOnce(fields: Fields, { body }: Manifest): void {
  const shown = body.flatMap(({ text, html }) => [text, html]).filter((part) => part !== undefined);
  if (new Set(shown).size !== shown.length) fields.fail("body", "a part is shown twice");
}

function checkWhole(fields: Fields, manifest: Manifest): void {
  const { to, cc, sender, index, parts, body } = manifest;
  if (to.length + cc.length + (sender ? 2 : 1) > mostMailboxes) fields.fail("to", "too many mailboxes");
  if (originalSize(manifest) !== manifest.message.originalSize) fields.fail("message", "sizes that contradict");
  if (index === "none" && parts.length + body.length > 0) fields.fail("index", "none, yet there are parts");
}
