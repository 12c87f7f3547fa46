import { expect, test } from "vitest";
import { moduleBytes } from "./modules.ts";

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  bulla_alloc(size: number): number;
  bulla_free(data: number, size: number): void;
}

async function start(): Promise<Exports> {
  const { instance } = await WebAssembly.instantiate(moduleBytes("viewer"), { bulla: { random: () => 1 } });
  const exports = instance.exports as unknown as Exports;
  exports._initialize();
  return exports;
}

/** Sizes from a fixed sequence: mostly small ones, some around the borders of pages, some large. */
function* sizes(): Generator<number> {
  let state = 12345;
  for (;;) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const kind = (state >>> 16) % 20;
    const more = (state >>> 8) % 1000;
    if (kind < 12) yield more;
    else if (kind < 16) yield 32_768 - 500 + more;
    else if (kind < 19) yield 65_536 * (1 + (more % 5)) - 20 + (more % 40);
    else yield 1_000_000 + more * 1000;
  }
}

test("blocks are aligned, do not overlap, and keep what was written", async () => {
  const heap = await start();
  const held: { data: number; size: number; mark: number }[] = [];
  const next = sizes();
  const check = ({ data, size, mark }: (typeof held)[0]) => {
    const bytes = new Uint8Array(heap.memory.buffer, data, size);
    for (const at of [0, 1, size >> 1, size - 2, size - 1]) if (at >= 0 && at < size) expect(bytes[at]).toBe(mark);
  };
  for (let i = 0; i < 4000; ++i) {
    if (held.length > 40 || (held.length > 0 && i % 3 === 2)) {
      const [block] = held.splice((i * 7919) % held.length, 1);
      check(block!);
      heap.bulla_free(block!.data, block!.size);
    }
    const size = next.next().value as number;
    const data = heap.bulla_alloc(size);
    expect(data).toBeGreaterThan(0);
    expect(data % 16).toBe(0);
    for (const other of held)
      expect(data + size <= other.data || other.data + other.size <= data, `${data} ${size}`).toBe(true);
    new Uint8Array(heap.memory.buffer, data, size).fill(i & 255);
    held.push({ data, size, mark: i & 255 });
  }
  for (const block of held) check(block);
});

test("memory that was given back is used again", async () => {
  const heap = await start();
  const sweep = () => {
    const blocks = [1_000_000, 200_000, 70_000, 50_000, 1000, 40].map(
      (size) => [heap.bulla_alloc(size), size] as const,
    );
    for (const [data, size] of [...blocks.slice(3), ...blocks.slice(0, 3)]) heap.bulla_free(data, size);
  };
  sweep();
  const size = heap.memory.buffer.byteLength;
  for (let i = 0; i < 1000; ++i) sweep();
  expect(heap.memory.buffer.byteLength).toBe(size);
  // Neighbours have become one block again: what three took, one can take.
  heap.bulla_free(heap.bulla_alloc(1_250_000), 1_250_000);
  expect(heap.memory.buffer.byteLength).toBe(size);
});

test("freed input is wiped", async () => {
  const heap = await start();
  const data = heap.bulla_alloc(100);
  new Uint8Array(heap.memory.buffer, data, 100).fill(0xaa);
  heap.bulla_free(data, 100);
  expect([...new Uint8Array(heap.memory.buffer, data, 100)]).not.toContain(0xaa);
});

test("more than there is gives nothing, and the heap goes on", async () => {
  const heap = await start();
  expect(heap.bulla_alloc(0x8000_0001)).toBe(0);
  expect(heap.bulla_alloc(0xffff_ffff)).toBe(0);
  expect(heap.bulla_alloc(100)).toBeGreaterThan(0);
});
