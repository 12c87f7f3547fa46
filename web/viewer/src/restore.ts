import type { Run, Stored } from "./manifest.ts";

/** The original message, byte for byte, from the stored one: runs are encoded again (doc/envelope-format.md §5). */

const letters = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const padding = 0x3d;
const lineEnd = new Uint8Array([13, 10]);
const pieceSize = 512 * 1024;

/** encodeRun returns base64 of bytes with CRLF after each `width` characters, except at the very end. */
export function encodeRun(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const length = Math.ceil(bytes.length / 3) * 4;
  const out = new Uint8Array(length + 2 * Math.max(0, Math.ceil(length / width) - 1));
  let at = 0;
  let column = 0;
  const put = (letter: number): void => {
    if (column === width) {
      out[at++] = 13;
      out[at++] = 10;
      column = 0;
    }
    out[at++] = letter;
    column++;
  };
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    put(letters[group >> 18] as number);
    put(letters[(group >> 12) & 63] as number);
    put(left > 1 ? (letters[(group >> 6) & 63] as number) : padding);
    put(left > 2 ? (letters[group & 63] as number) : padding);
  }
  return out;
}

/**
 * restore yields the pieces of the original message, none much larger than a mebibyte: they go into a Blob, which the
 * browser may keep outside of memory.
 */
export function* restore(message: Stored, runs: Run[]): Generator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (const run of runs) {
    yield* copy(message, at, run.offset);
    at = run.offset + run.size;
    // 3 * width bytes make 4 whole lines.
    const step = 3 * run.width * Math.ceil(pieceSize / (3 * run.width));
    for (let from = run.offset; from < at; from += step) {
      if (from > run.offset) yield lineEnd;
      yield encodeRun(message.read(from, Math.min(step, at - from)), run.width);
    }
  }
  yield* copy(message, at, message.size);
}

function* copy(message: Stored, from: number, end: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = from; at < end; at += pieceSize) yield message.read(at, Math.min(pieceSize, end - at));
}
