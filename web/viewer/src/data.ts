import { Fields } from "./fields.ts";
import { parseJson } from "./json.ts";
import type { Mailbox } from "./manifest.ts";

/** The data block of an envelope, doc/envelope-format.md §7: what anybody can see. Nothing of it is signed. */
export interface Envelope {
  id: string;
  origin: string;
  organisation: { id: string; name: string };
  from: Mailbox;
  to: string;
  date: string;
  size: number;
}

/** readEnvelope reads a data block, or throws Malformed. */
export function readEnvelope(text: string): Envelope {
  const fields = new Fields(parseJson(text), "");
  if (fields.count("v") !== 1) fields.fail("v", "another version");
  fields.bytes("id", 22);
  const origin = fields.text("origin");
  if (!isOrigin(origin)) fields.fail("origin", "not the origin of a key server");
  const [organisation, from] = [fields.object("organisation"), fields.object("from")];
  return {
    id: fields.text("id"),
    origin,
    organisation: { id: organisation.text("id"), name: organisation.text("name") },
    from: { address: from.text("address"), name: from.text("name") },
    to: fields.text("to"),
    date: fields.time("date"),
    size: fields.count("size"),
  };
}

/** isOrigin: https and nothing behind host and port; http on this machine only. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.origin === text && (url.protocol === "https:" || (url.protocol === "http:" && local));
}

/** hostOf is what people know an origin by. */
export function hostOf(origin: string): string {
  return new URL(origin).host;
}
