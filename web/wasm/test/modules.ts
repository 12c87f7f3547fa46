import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const folder = process.env.BULLA_WASM_DIR ?? resolve(import.meta.dirname, "../../../build/wasm");

/** The bytes of a module that `ninja -C build/wasm` has made. */
export function moduleBytes(name: "viewer" | "portal" | "testing"): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(resolve(folder, `${name}.wasm`)));
}

/** Runs f and returns the code of the error that it throws. */
export function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "no error";
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, "hex"));
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Bytes that look random and are the same in each run. */
export function noise(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < size; ++i) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state >>> 24;
  }
  return out;
}
