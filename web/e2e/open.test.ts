import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadViewer } from "@bulla/wasm";
import { describe, expect, test } from "vitest";
import { partBytes } from "../viewer/src/decode.ts";
import { Damaged, type OpenMessage, openMessage, openRelease, WrongRelease } from "../viewer/src/open.ts";
import { restore } from "../viewer/src/restore.ts";
import { releaseFor, type Sealed, seal, type Tamper, type TestMessage } from "./lib/seal.ts";

// The viewer's way from a release to a message, without a page, against envelopes made by the sealer of lib/seal.ts.
const wasm = readFileSync(resolve(import.meta.dirname, "../../build/wasm/viewer.wasm"));
const viewer = await loadViewer(new Uint8Array(wasm));
const identity = viewer.age.generateIdentity();
const recipient = viewer.age.recipientOf(identity);

const letter: TestMessage = {
  subject: "Grüße",
  parts: [
    { type: "text/plain", charset: "utf-8", body: "Hello" },
    { type: "application/pdf", name: "a.pdf", body: Buffer.alloc(3_000_000, "seal"), width: 76 },
  ],
  body: [{ text: 0 }],
};

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/.{76}(?=.)/g, "$&\n");

async function open(sealed: Sealed, changes: object = {}, payload = sealed.payload): Promise<OpenMessage> {
  const code = await releaseFor(sealed, recipient, changes);
  const release = openRelease(viewer, identity, sealed.id, code);
  const blocks = { header: base64(sealed.header), payload: base64(payload) };
  return await openMessage(viewer, release, blocks, async () => {});
}

describe("a sealed message", () => {
  test("opens, with its parts and its original", async () => {
    const sealed = seal(letter);
    const { manifest, stored } = await open(sealed);
    expect(manifest.subject).toBe("Grüße");
    expect(Buffer.from(stored.read(0, stored.size)).equals(sealed.message)).toBe(true);
    expect(Buffer.from(partBytes(manifest.parts[0]!, stored)).toString()).toBe("Hello");
    const original = Buffer.concat([...restore(stored, manifest.runs)]);
    expect(original.length).toBe(manifest.message.originalSize);
    const encoded = letter.parts[1]!.body as Buffer;
    expect(original.toString("latin1")).toContain(encoded.toString("base64").replace(/.{76}(?=.)/g, "$&\r\n"));
  });

  test.each([0, 1, 65536, 65537, 1024 * 1024, 2 * 1024 * 1024 + 1])(
    "of an attachment of %i bytes opens",
    async (size) => {
      const sealed = seal({ parts: [{ type: "text/plain", body: Buffer.alloc(size, 7) }], body: [] });
      const { manifest, stored } = await open(sealed);
      expect(partBytes(manifest.parts[0]!, stored).length).toBe(size);
    },
  );

  const tampered: [string, Tamper][] = [
    ["the signature is changed", { signature: (signature) => flipped(signature, 5) }],
    ["the message is changed", { content: (content) => flipped(content, 10) }],
    ["a later leaf is changed", { content: (content) => flipped(content, 2_500_000) }],
    ["the manifest is changed", { content: (content) => flipped(content, content.length - 100) }],
    ["the manifest is longer than the content", { content: (content) => withLength(content, content.length) }],
    ["the padding is not zero", { content: (content) => flipped(content, paddingStart(content)) }],
    ["the padding is longer than the rule says", { content: (content) => padded(content, 32) }],
    ["nothing is left of the content", { content: () => Buffer.alloc(0) }],
    ["the content is cut", { content: (content) => content.subarray(0, content.length - 1) }],
    [
      "the manifest is of another message",
      {
        manifest: (manifest) => {
          manifest.id = `${"A".repeat(30)}`;
        },
      },
    ],
    [
      "the manifest names another key",
      {
        manifest: (manifest) => {
          manifest.key = "A".repeat(43);
        },
      },
    ],
    [
      "the sender is of another domain",
      {
        manifest: (manifest) => {
          manifest.from = { address: "ann@evil.example", name: "" };
        },
      },
    ],
    [
      "the sender is of a subdomain",
      {
        manifest: (manifest) => {
          manifest.from = { address: "ann@a.acme.example", name: "" };
        },
      },
    ],
    [
      "the root is wrong",
      {
        manifest: (manifest) => {
          (manifest.message as { root: string }).root = "A".repeat(43);
        },
      },
    ],
    [
      "a run goes beyond",
      {
        manifest: (manifest) => {
          manifest.runs = [[0, 99_999_999, 76]];
        },
      },
    ],
  ];
  test.each(tampered)("is refused when %s", async (_title, tamper) => {
    await expect(open(seal(letter, tamper))).rejects.toBeInstanceOf(Damaged);
  });

  const released: [string, object][] = [
    ["the signing key is not the organisation's", { signing_keys: ["A".repeat(43)] }],
    ["the organisation has no signing key", { signing_keys: [] }],
    ["the organisation has proved no domain", { domains: [] }],
    ["the share is another one", { share: "A".repeat(22) }],
  ];
  test.each(released)("is refused when %s", async (_title, changes) => {
    await expect(open(seal(letter), changes)).rejects.toBeInstanceOf(Damaged);
  });

  test("is refused when the payload is cut or changed anywhere", async () => {
    const sealed = seal(letter);
    for (const cut of [0, 15, 16, 17, 70_000, sealed.payload.length - 1])
      await expect(open(sealed, {}, sealed.payload.subarray(0, cut))).rejects.toBeInstanceOf(Damaged);
    for (const at of [0, 20, 65_600, sealed.payload.length - 1])
      await expect(open(sealed, {}, flipped(sealed.payload, at))).rejects.toBeInstanceOf(Damaged);
    const longer = Buffer.concat([sealed.payload, Buffer.alloc(1)]);
    await expect(open(sealed, {}, longer)).rejects.toBeInstanceOf(Damaged);
  });

  test("is refused with another recipient's header", async () => {
    const [sealed, other] = [seal(letter), seal(letter)];
    await expect(open({ ...sealed, header: other.header })).rejects.toBeInstanceOf(Damaged);
  });
});

describe("a release", () => {
  const sealed = seal(letter);
  const refused: [string, () => Promise<string>][] = [
    ["for another envelope", () => releaseFor(sealed, recipient, { id: "A".repeat(30) })],
    ["of another version", () => releaseFor(sealed, recipient, { v: 2 })],
    ["with a share of another size", () => releaseFor(sealed, recipient, { share: "AAAA" })],
    ["to another page", () => releaseFor(sealed, viewer.age.recipientOf(viewer.age.generateIdentity()))],
    ["that is cut", async () => (await releaseFor(sealed, recipient)).slice(0, -4)],
    ["that is nothing", async () => ""],
    ["that is no base64url", async () => "not a code!"],
  ];
  test.each(refused)("is refused: %s", async (_title, make) => {
    const code = await make();
    expect(() => openRelease(viewer, identity, sealed.id, code)).toThrow(WrongRelease);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function withLength(content: Buffer, length: number): Buffer {
  const copy = Buffer.from(content);
  copy.writeUInt32BE(length, copy.length - 4);
  return copy;
}

function paddingStart(content: Buffer): number {
  return content.length - 68 - content.readUInt32BE(content.length - 4) - 1;
}

/** More padding than padme allows, behind the padding that is there. */
function padded(content: Buffer, more: number): Buffer {
  const at = paddingStart(content) + 1;
  return Buffer.concat([content.subarray(0, at), Buffer.alloc(more), content.subarray(at)]);
}
