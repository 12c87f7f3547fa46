// @bulla/wasm: types around the WebAssembly modules that core/wasm makes.
//
//   const viewer = await loadViewer(bytes);            // bytes of viewer.wasm
//   const plain = viewer.age.open(identity, file);
import { Age } from "./age.ts";
import { Module } from "./module.ts";

export { AgeOpener } from "./age.ts";
export { BullaError, type Code } from "./error.ts";
export type { Age };

/** Viewer is what the page of an envelope needs: age, and envelopes. */
export class Viewer {
  readonly age: Age;
  protected readonly module: Module;

  constructor(module: Module) {
    this.module = module;
    this.age = new Age(module);
  }

  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.module.call("bulla_sha256", bytes);
  }

  /** The memory that the module has taken so far, in bytes. */
  get memorySize(): number {
    return this.module.memorySize;
  }
}

/** Starts viewer.wasm (or portal.wasm, which can all that it can). */
export async function loadViewer(bytes: BufferSource): Promise<Viewer> {
  return new Viewer(await Module.load(bytes));
}
