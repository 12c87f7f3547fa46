import { describe, expect, test } from "vitest";
import { loadViewer } from "../src/index.ts";
import { codeOf, moduleBytes, noise, toHex } from "./modules.ts";
import { type Faults, type Sealed, seal, signingKey } from "./sealing.ts";

const viewer = await loadViewer(moduleBytes("viewer"));
const key = signingKey();
const other = signingKey();

interface Options {
  piece?: number;
  keys?: Uint8Array[];
  size?: number;
  root?: Uint8Array;
}

/** Opens a sealed file by all the steps and returns its message. */
function open(sealed: Sealed, message: { length: number }, options: Options = {}): Uint8Array {
  const opener = viewer.envelope(sealed.id, sealed.share, sealed.file.length);
  try {
    const piece = options.piece ?? 1 << 20;
    for (let at = 0; at < sealed.file.length; at += piece) opener.write(sealed.file.subarray(at, at + piece));
    const manifest = opener.finish();
    const signer = opener.signer(options.keys ?? [key.publicKey]);
    expect(toHex(signer)).toBe(toHex(key.publicKey));
    expect(toHex(manifest)).toBe(toHex(sealed.manifest));
    opener.check(options.size ?? message.length, options.root ?? sealed.root);
    return opener.read(0, message.length);
  } finally {
    opener.free();
  }
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

describe("what is sealed by the format's text", () => {
  test.each([0, 1, 1000, 65_536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])("opens: %i bytes", async (size) => {
    const message = noise(size);
    expect(toHex(open(await seal(message, key), message))).toBe(toHex(message));
  });

  test.each([1, 7, 1000, 65_537])("opens in pieces of %i bytes", async (piece) => {
    const message = noise(140_000);
    expect(toHex(open(await seal(message, key), message, { piece }))).toBe(toHex(message));
  });

  test("opens with the right key among others", async () => {
    const message = noise(10);
    const keys = [other.publicKey, key.publicKey];
    expect(open(await seal(message, key), message, { keys })).toHaveLength(10);
  });

  test("takes no number that means another in 32 bits", async () => {
    const message = noise(5000);
    const sealed = await seal(message, key);
    expect(codeOf(() => open(sealed, message, { size: message.length + 2 ** 32 }))).toBe("invalid");
    const opener = viewer.envelope(sealed.id, sealed.share, sealed.file.length);
    opener.write(sealed.file);
    opener.finish();
    opener.signer([key.publicKey]);
    opener.check(message.length, sealed.root);
    for (const offset of [2 ** 32, -1, 0.5]) expect(codeOf(() => opener.read(offset, 10))).toBe("invalid");
    expect(opener.read(4990, 10)).toHaveLength(10);
    opener.free();
  });

  test("is read in parts", async () => {
    const message = noise(5000);
    const sealed = await seal(message, key);
    const opener = viewer.envelope(sealed.id, sealed.share, sealed.file.length);
    opener.write(sealed.file);
    opener.finish();
    opener.signer([key.publicKey]);
    opener.check(message.length, sealed.root);
    expect(toHex(opener.read(17, 100))).toBe(toHex(message.subarray(17, 117)));
    expect(opener.read(5000, 0)).toHaveLength(0);
    for (const [offset, size] of [
      [0, 5001],
      [5001, 0],
      [4_294_967_295, 2],
      [1, 4_294_967_295],
    ] as const)
      expect(codeOf(() => opener.read(offset, size))).toBe("invalid");
  });
});

describe("what does not open", () => {
  const message = noise(3000);

  const faults: [string, Faults][] = [
    ["a byte of the message changed, by somebody who knows the file key", { message: (m) => flip(m, 1500) }],
    ["a message that is shorter", { message: (m) => m.subarray(1) }],
    ["padding that is not zero", { padding: (p) => flip(p, p.length - 1) }],
    ["padding that is longer", { padding: (p) => new Uint8Array(p.length + 1) }],
    ["no padding", { padding: () => new Uint8Array() }],
    ["another manifest", { manifest: (m) => flip(m, 3) }],
    ["a changed signature", { signature: (s) => flip(s, 0) }],
    ["a signature whose scalar is not reduced", { signature: (s) => s.fill(255, 32) }],
    ["no signature", { signature: (s) => s.fill(0) }],
    ["a manifest that is said to be longer than the content", { length: 1 << 20 }],
    ["a manifest that is said to be empty", { length: 0 }],
    ["a manifest longer than the format allows", { length: 0xffffffff }],
  ];
  test.each(faults)("%s", async (_, fault) => {
    const sealed = await seal(message, key, fault);
    const opener = viewer.envelope(sealed.id, sealed.share, sealed.file.length);
    opener.write(sealed.file);
    const code = codeOf(() => {
      opener.finish();
      opener.signer([key.publicKey]);
      opener.check(message.length, sealed.root);
    });
    expect(code).toBe("authentic");
    expect(codeOf(() => opener.read(0, 1))).toBe("authentic");
    opener.free();
  });

  test("another signing key, no key, half a key", async () => {
    const sealed = await seal(message, key);
    for (const keys of [[other.publicKey], [], [key.publicKey.subarray(0, 16)], [new Uint8Array(32)]])
      expect(codeOf(() => open(sealed, message, { keys }))).toBe("authentic");
  });

  test("another size or another root", async () => {
    const sealed = await seal(message, key);
    for (const options of [
      { size: message.length - 1 },
      { size: message.length + 1 },
      { size: 0 },
      { size: 4_294_967_295 },
      { root: flip(sealed.root, 31) },
      { root: sealed.root.subarray(0, 31) },
    ])
      expect(codeOf(() => open(sealed, message, options))).toBe("authentic");
  });

  test("another share, another id", async () => {
    const sealed = await seal(message, key);
    const second = await seal(message, key);
    expect(codeOf(() => open({ ...sealed, share: flip(sealed.share, 15) }, message))).toBe("authentic");
    expect(codeOf(() => open({ ...sealed, share: second.share }, message))).toBe("authentic");
    expect(codeOf(() => open({ ...sealed, share: sealed.share.subarray(1) }, message))).toBe("authentic");
    expect(codeOf(() => open({ ...sealed, id: second.id }, message))).toBe("authentic");
    expect(codeOf(() => open({ ...sealed, id: "no id" }, message))).toBe("invalid");
  });

  test("a file that is cut, or longer, or changed at any byte", async () => {
    const short = noise(100);
    const sealed = await seal(short, key);
    for (let size = 0; size < sealed.file.length; ++size)
      expect(codeOf(() => open({ ...sealed, file: sealed.file.subarray(0, size) }, short))).toBe("authentic");
    const longer = new Uint8Array(sealed.file.length + 1);
    longer.set(sealed.file);
    expect(codeOf(() => open({ ...sealed, file: longer }, short))).toBe("authentic");
    for (let at = 0; at < sealed.file.length; ++at)
      expect(codeOf(() => open({ ...sealed, file: flip(sealed.file, at) }, short))).toBe("authentic");
  });

  test("steps in another order", async () => {
    const sealed = await seal(message, key);
    const opener = viewer.envelope(sealed.id, sealed.share, sealed.file.length);
    expect(codeOf(() => opener.signer([key.publicKey]))).toBe("authentic");
    opener.write(sealed.file);
    expect(codeOf(() => opener.read(0, 1))).toBe("authentic");
    opener.finish();
    expect(codeOf(() => opener.check(message.length, sealed.root))).toBe("authentic");
    expect(codeOf(() => opener.read(0, 1))).toBe("authentic");
    opener.signer([key.publicKey]);
    expect(codeOf(() => opener.read(0, 1))).toBe("authentic");
    opener.check(message.length, sealed.root);
    expect(toHex(opener.read(0, 3000))).toBe(toHex(message));
    opener.free();
    expect(codeOf(() => opener.read(0, 1))).toBe("internal");
  });

  test("a file that is larger than was said", async () => {
    const sealed = await seal(message, key);
    const opener = viewer.envelope(sealed.id, sealed.share, sealed.file.length - 1);
    expect(codeOf(() => opener.write(sealed.file))).toBe("authentic");
    opener.free();
  });
});

test("the module takes the content's size and a little more", async () => {
  const fresh = await loadViewer(moduleBytes("viewer"));
  const message = new Uint8Array(20 << 20);
  const sealed = await seal(message, key);
  const opener = fresh.envelope(sealed.id, sealed.share, sealed.file.length);
  for (let at = 0; at < sealed.file.length; at += 1 << 20) opener.write(sealed.file.subarray(at, at + (1 << 20)));
  opener.finish();
  opener.signer([key.publicKey]);
  opener.check(message.length, sealed.root);
  expect(fresh.memorySize).toBeLessThan(sealed.file.length + (4 << 20));
});
