import { BullaError, codes } from "./error.ts";

/** A function of the module that returns a status; see core/wasm/abi.h. */
type Call = (...args: number[]) => number;

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  bulla_alloc(size: number): number;
  bulla_free(data: number, size: number): void;
  bulla_result_data(): number;
  bulla_result_size(): number;
  bulla_result_clear(): number;
}

/** What a call takes: bytes, text (as UTF-8), or a number (a handle, a flag). */
export type Argument = Uint8Array | string | number;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A number as the module sees it: 32 bits. A larger one would lose its upper bits on the way, and mean another. */
function word(number: number): number {
  if (number >>> 0 !== number) throw new BullaError("invalid", "a number is too large for the module");
  return number;
}

export const toText = (bytes: Uint8Array): string => decoder.decode(bytes);

/**
 * Module is one instance of a WebAssembly module of core/wasm: it moves arguments in and results out, wipes what it
 * moved, and turns statuses into errors. The rest of this package gives it types.
 */
export class Module {
  readonly #exports: Exports;
  #broken = false;

  private constructor(exports: Exports) {
    this.#exports = exports;
    exports._initialize();
  }

  /** Compiles and starts a module. The one thing that it asks of its host is randomness. */
  static async load(bytes: BufferSource): Promise<Module> {
    let memory: WebAssembly.Memory | undefined;
    const random = (data: number, size: number): number => {
      if (!memory) return 1;
      crypto.getRandomValues(new Uint8Array(memory.buffer, data, size));
      return 0;
    };
    const { instance } = await WebAssembly.instantiate(bytes, { bulla: { random } });
    const exports = instance.exports as unknown as Exports;
    memory = exports.memory;
    return new Module(exports);
  }

  /** Calls a function and returns a copy of its result, or throws its error. */
  call(name: string, ...args: Argument[]): Uint8Array<ArrayBuffer> {
    if (this.#broken) throw new BullaError("internal", "the module has failed before");
    const call = (this.#exports as unknown as Record<string, Call | undefined>)[name];
    if (!call) throw new BullaError("internal", `the module has no function ${name}`);
    const held: [number, number][] = [];
    try {
      const status = call(...args.flatMap((arg) => (typeof arg === "number" ? [word(arg)] : this.#put(arg, held))));
      const result = this.#result();
      if (status !== 0) throw new BullaError(codes[status - 1] ?? "internal", toText(result));
      return result;
    } catch (error) {
      if (error instanceof BullaError) throw error;
      // A trap: memory is in an unknown state from here on.
      this.#broken = true;
      throw new BullaError("internal", `the module failed in ${name}: ${String(error)}`);
    } finally {
      if (!this.#broken) for (const [data, size] of held) this.#exports.bulla_free(data, size);
    }
  }

  /** Calls a function that makes a handle. */
  handle(name: string, ...args: Argument[]): number {
    const bytes = this.call(name, ...args);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /** The memory that the module has taken so far, in bytes. */
  get memorySize(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  #put(arg: Uint8Array | string, held: [number, number][]): [number, number] {
    const bytes = typeof arg === "string" ? encoder.encode(arg) : arg;
    const data = this.#exports.bulla_alloc(bytes.length);
    if (data === 0) throw new BullaError("unavailable", "the browser gives no more memory");
    held.push([data, bytes.length]);
    new Uint8Array(this.#exports.memory.buffer, data, bytes.length).set(bytes);
    return [data, bytes.length];
  }

  #result(): Uint8Array<ArrayBuffer> {
    const size = this.#exports.bulla_result_size();
    const copy = new Uint8Array(this.#exports.memory.buffer, this.#exports.bulla_result_data(), size).slice();
    this.#exports.bulla_result_clear();
    return copy;
  }
}

/** Handle owns one object inside of the module. After free() it must not be used. */
export class Handle {
  readonly #module: Module;
  readonly #free: string;
  #address: number;

  constructor(module: Module, address: number, free: string) {
    this.#module = module;
    this.#address = address;
    this.#free = free;
  }

  call(name: string, ...args: Argument[]): Uint8Array<ArrayBuffer> {
    if (this.#address === 0) throw new BullaError("internal", "a handle is used after its end");
    return this.#module.call(name, this.#address, ...args);
  }

  free(): void {
    if (this.#address === 0) return;
    const address = this.#address;
    this.#address = 0;
    this.#module.call(this.#free, address);
  }
}
