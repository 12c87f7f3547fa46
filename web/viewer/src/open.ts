import { encodeBase64url } from "@bulla/shared/encoding";
import type { Viewer } from "@bulla/wasm";
import { domainOf, type Manifest, parseManifest, type Stored } from "./manifest.ts";
import { base64Pieces, decodedSize } from "./payload.ts";
import { codeBytes, parseRelease, type Release } from "./release.ts";

/** OpenMessage is a message on which every check has passed. */
export interface OpenMessage {
  manifest: Manifest;
  release: Release;
  stored: Stored;
}

/** Damaged: the file was changed, cut off, or is not what the sender sealed. Outsiders see no more than that. */
export class Damaged extends Error {}

/** WrongRelease: the release is none, or was made for another opening or another message. */
export class WrongRelease extends Error {}

/** openRelease opens what the recipient's confirmation gave out, and refuses it unless it is for envelope `id`. */
export function openRelease(viewer: Viewer, identity: string, id: string, code: string): Release {
  const file = codeBytes(code);
  if (!file) throw new WrongRelease();
  let release: Release;
  try {
    release = parseRelease(viewer.age.open(identity, file));
  } catch {
    throw new WrongRelease();
  }
  if (release.id !== id) throw new WrongRelease();
  return release;
}

/** Progress is told how much of the file is decrypted, 0 to 1, and gives the page time to draw. */
export type Progress = (part: number) => Promise<void>;

/**
 * openMessage decrypts a sealed file, given as its two blocks of base64, and makes the checks of
 * doc/envelope-format.md §4 in their order. It throws Damaged when any of them fails.
 */
export async function openMessage(
  viewer: Viewer,
  release: Release,
  blocks: { header: string; payload: string },
  progress: Progress,
): Promise<OpenMessage> {
  const size = decodedSize(blocks.header) + decodedSize(blocks.payload);
  try {
    const content = viewer.envelope(release.id, release.share, size);
    let done = 0;
    for (const block of [blocks.header, blocks.payload]) {
      for (const piece of base64Pieces(block)) {
        content.write(piece);
        done += piece.length;
        await progress(done / size);
      }
    }
    const manifestBytes = content.finish();
    const signer = content.signer(release.signingKeys);
    const manifest = parseManifest(manifestBytes);
    checkAgainstRelease(manifest, release, signer);
    content.check(manifest.message.size, manifest.message.root);
    return {
      manifest,
      release,
      stored: { size: manifest.message.size, read: (offset, length) => content.read(offset, length) },
    };
  } catch (error) {
    throw new Damaged("damaged, or not what the sender sealed", { cause: error });
  }
}

/** The manifest must name the key that it is signed with, the envelope, and an author at a proved domain. */
function checkAgainstRelease(manifest: Manifest, release: Release, signer: Uint8Array): void {
  if (encodeBase64url(manifest.key) !== encodeBase64url(signer)) throw new Damaged("another signing key");
  if (manifest.id !== release.id) throw new Damaged("another message");
  const domain = domainOf(manifest.from.address);
  if (domain === "" || !release.domains.includes(domain)) throw new Damaged("a domain that was not proved");
}
