import { Handle, type Module } from "./module.ts";

/**
 * EnvelopeOpener opens the sealed file of an envelope (doc/envelope-format.md §4). The steps, in this order:
 *
 *   write() each piece → finish(): the manifest's bytes → signer() → read the manifest → check() → read()
 *
 * It holds the content inside of the module and gives out nothing of the message before check() has passed.
 * Every failure has the code "authentic".
 */
export class EnvelopeOpener {
  readonly #handle: Handle;

  /** `size` is an upper bound for the size of the file. Throws "invalid" for a malformed id. */
  constructor(module: Module, id: string, share: Uint8Array, size: number) {
    this.#handle = new Handle(module, module.handle("bulla_envelope_new", id, share, size), "bulla_envelope_free");
  }

  /** Takes the next bytes of the file: header, then payload. */
  write(piece: Uint8Array): void {
    this.#handle.call("bulla_envelope_write", piece);
  }

  /** Checks that the file is complete, and returns the manifest, which nobody has vouched for yet. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#handle.call("bulla_envelope_finish");
  }

  /** Checks the signature under the keys that came with the release (32 bytes each): the one that it was made with. */
  signer(keys: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(keys.length * 32);
    for (const [i, key] of keys.entries()) joined.set(key.subarray(0, 32), i * 32);
    return this.#handle.call("bulla_envelope_signer", joined);
  }

  /** Checks padding and root hash (32 bytes) of the message, whose size and root the manifest states. */
  check(size: number, root: Uint8Array): void {
    this.#handle.call("bulla_envelope_check", size, root);
  }

  /** Bytes of the stored message. */
  read(offset: number, size: number): Uint8Array<ArrayBuffer> {
    return this.#handle.call("bulla_envelope_read", offset, size);
  }

  /** Wipes and forgets the content. */
  free(): void {
    this.#handle.free();
  }
}
