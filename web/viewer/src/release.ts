import { decodeBase64url } from "@bulla/shared/encoding";
import { Fields } from "./fields.ts";
import { parseJsonBytes } from "./json.ts";

/** Release is what the recipient's confirmation gives out, doc/envelope-format.md §9 step 3. */
export interface Release {
  id: string;
  share: Uint8Array<ArrayBuffer>;
  organisation: { id: string; name: string };
  signingKeys: Uint8Array<ArrayBuffer>[];
  domains: string[];
  address: string;
  released: string;
}

/** parseRelease reads the plaintext of a release, or throws Malformed. */
export function parseRelease(plaintext: Uint8Array): Release {
  const fields = new Fields(parseJsonBytes(plaintext), "");
  if (fields.count("v") !== 1) fields.fail("v", "another version");
  fields.bytes("id", 22);
  const organisation = fields.object("organisation");
  return {
    id: fields.text("id"),
    share: fields.bytes("share", 16),
    organisation: { id: organisation.text("id"), name: organisation.text("name") },
    signingKeys: fields.list("signing_keys", 100).map((key) => {
      const bytes = typeof key === "string" ? decodeBase64url(key, 32) : undefined;
      return bytes ?? fields.fail("signing_keys", "not a key");
    }),
    domains: fields.list("domains", 1000).map((domain) => {
      return typeof domain === "string" ? domain : fields.fail("domains", "not a domain");
    }),
    address: fields.text("address"),
    released: fields.time("released"),
  };
}

/** codeBytes takes a release as it was posted or typed: base64url, with whatever white space copying added. */
export function codeBytes(code: string): Uint8Array<ArrayBuffer> | undefined {
  const letters = code.replace(/\s+/g, "");
  return letters === "" ? undefined : decodeBase64url(letters);
}
