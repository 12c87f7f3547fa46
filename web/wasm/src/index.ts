// @bulla/wasm: types around the WebAssembly modules that core/wasm makes.
//
//   const viewer = await loadViewer(bytes);            // bytes of viewer.wasm
//   const plain = viewer.age.open(identity, file);
//
// The portal's module can more: see portal.ts, "@bulla/wasm/portal".
import { Age } from "./age.ts";
import { EnvelopeOpener } from "./envelope.ts";
import { Module } from "./module.ts";

export { BullaError, type Code } from "./error.ts";
export type { Age, EnvelopeOpener };

/** Viewer is what the page of an envelope needs: age, and envelopes. */
export class Viewer {
  readonly age: Age;
  protected readonly module: Module;

  constructor(module: Module) {
    this.module = module;
    this.age = new Age(module);
  }

  /** Starts to open the sealed file of envelope `id` (30 characters), of at most `size` bytes, with the server share. */
  envelope(id: string, share: Uint8Array, size: number): EnvelopeOpener {
    return new EnvelopeOpener(this.module, id, share, size);
  }

  /** The memory that the module has taken so far, in bytes. */
  get memorySize(): number {
    return this.module.memorySize;
  }
}

/** Starts viewer.wasm. */
export async function loadViewer(bytes: BufferSource): Promise<Viewer> {
  return new Viewer(await Module.load(bytes));
}
