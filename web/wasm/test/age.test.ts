import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { describe, expect, test } from "vitest";
import { BullaError, loadViewer } from "../src/index.ts";
import { loadPortal } from "../src/portal.ts";
import { leftOut, total, type Vector, vectors } from "./cctv.ts";
import { codeOf, moduleBytes, noise, toHex, utf8 } from "./modules.ts";

// The code of age is the same in both modules; the portal's can do more with it.
const portal = await loadPortal(moduleBytes("portal"));
const viewer = await loadViewer(moduleBytes("viewer"));
const sha256 = (bytes: Uint8Array) => toHex(portal.sha256(bytes));

/** The codes that a vector's outcome may show as. */
const codes: Record<string, string[]> = {
  success: ["no error"],
  "no match": ["denied"],
  "HMAC failure": ["authentic"],
  "header failure": ["invalid"],
  "payload failure": ["authentic", "invalid"],
};

/**
 * Broken files of which a reader that decides chunk by chunk gives out one chunk more: a last chunk with something
 * behind it, a whole chunk that is not the last and has nothing behind it. Here a chunk is held back until it is known
 * what it must be, so nothing of it is given out.
 */
const heldBack = /^stream_(trailing_garbage|two_final_chunks|no_final_two_chunks_full|no_final_full)/;

function join(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

/** Opens a file in pieces; what came before an error counts too. */
function openInPieces(file: Uint8Array, identity: string, size: number) {
  const opener = portal.age.opener(identity);
  const out: Uint8Array[] = [];
  const code = codeOf(() => {
    for (let at = 0; at < file.length; at += size) out.push(opener.write(file.subarray(at, at + size)));
    out.push(opener.finish());
  });
  opener.free();
  return { code, plaintext: join(out) };
}

describe("the vectors of CCTV", () => {
  test("are all there, and it is known why some are left out", () => {
    expect(vectors.length + leftOut.length).toBe(total);
    const why = (reason: string) => leftOut.filter((vector) => vector.why === reason).length;
    expect({ total, run: vectors.length, armour: why("armour"), scrypt: why("scrypt"), hybrid: why("hybrid") }).toEqual(
      {
        total: 143,
        run: 67,
        armour: 33,
        scrypt: 25,
        hybrid: 18,
      },
    );
  });

  const rows = vectors.map((vector) => [vector.name, vector] as const);
  test.each(rows)("%s, whole", (_, vector: Vector) => {
    // A file is opened by the first identity that fits.
    let opened = new Uint8Array();
    const found = vector.identities.map((identity) =>
      codeOf(() => {
        opened = viewer.age.open(identity, vector.file);
      }),
    );
    const code = found.find((c) => c !== "denied") ?? "denied";
    expect(codes[vector.expect]).toContain(code);
    if (vector.expect === "success") expect(sha256(opened)).toBe(vector.payload);
  });

  test.each(rows)("%s, in pieces", (_, vector: Vector) => {
    for (const size of vector.file.length > 10_000 ? [1000, 65_536] : [1, 7, 1000]) {
      const found = vector.identities.map((identity) => openInPieces(vector.file, identity, size));
      const result = found.find((f) => f.code !== "denied") ?? found[0]!;
      expect(codes[vector.expect]).toContain(result.code);
      // With pieces smaller than a chunk, nothing that was authentic is lost to a later error.
      if (vector.expect !== "success" && heldBack.test(vector.name)) expect(result.plaintext.length % 65_536).toBe(0);
      else if (size < 65_536 && vector.payload) expect(sha256(result.plaintext)).toBe(vector.payload);
    }
  });
});

describe("age-encryption in Node", () => {
  const sizes = [0, 1, 65_535, 65_536, 65_537, 200_000];

  test.each(sizes)("opens what is sealed here: %i bytes", async (size) => {
    const identity = await generateX25519Identity();
    const file = portal.age.seal(await identityToRecipient(identity), noise(size));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(toHex(await decrypter.decrypt(file))).toBe(toHex(noise(size)));
  });

  test.each(sizes)("seals what is opened here: %i bytes", async (size) => {
    const identity = viewer.age.generateIdentity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(viewer.age.recipientOf(identity));
    const file = await encrypter.encrypt(noise(size));
    expect(toHex(viewer.age.open(identity, file))).toBe(toHex(noise(size)));
    expect(toHex(openInPieces(file, identity, 1000).plaintext)).toBe(toHex(noise(size)));
  });

  test("agrees on recipients", async () => {
    const identity = viewer.age.generateIdentity();
    expect(identity).toMatch(/^AGE-SECRET-KEY-1[0-9A-Z]{58}$/);
    expect(viewer.age.recipientOf(identity)).toBe(await identityToRecipient(identity));
  });
});

describe("identities", () => {
  const identity = viewer.age.generateIdentity();
  const bad = [
    ["empty", ""],
    ["a recipient", viewer.age.recipientOf(identity)],
    ["lower case", identity.toLowerCase()],
    ["cut", identity.slice(0, -1)],
    ["one letter changed", `${identity.slice(0, 30)}${identity[30] === "Q" ? "P" : "Q"}${identity.slice(31)}`],
    ["a space behind", `${identity} `],
  ] as const;
  test.each(bad)("refused: %s", (_, text) => {
    expect(codeOf(() => viewer.age.recipientOf(text))).toBe("invalid");
  });

  test("are made of 32 bytes, and of no other number", () => {
    const made = portal.age.identityFromScalar(noise(32));
    expect(made).toBe(portal.age.identityFromScalar(noise(32)));
    for (const size of [0, 31, 33]) expect(codeOf(() => portal.age.identityFromScalar(noise(size)))).toBe("invalid");
  });
});

describe("stanzas that stand alone", () => {
  const identity = viewer.age.generateIdentity();
  const file = Buffer.from(portal.age.seal(viewer.age.recipientOf(identity), utf8("x"))).toString("latin1");
  const stanza = file.slice(file.indexOf("-> "), file.indexOf("---"));

  test("give 16 bytes to their identity", () => {
    expect(portal.age.openStanza(identity, stanza)).toHaveLength(16);
  });
  test("give nothing to another", () => {
    expect(codeOf(() => portal.age.openStanza(viewer.age.generateIdentity(), stanza))).toBe("denied");
  });
  test("are refused when something stands before or behind", () => {
    for (const text of [`\n${stanza}`, `${stanza}\n`, stanza.slice(0, -2), "", "-> X25519\n\n"])
      expect(codeOf(() => portal.age.openStanza(identity, text))).toBe("invalid");
  });
});

describe("the module", () => {
  test("hashes as SHA-256 does", () => {
    expect(sha256(utf8("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  test("asks its host for randomness and nothing else", () => {
    for (const name of ["viewer", "portal"] as const)
      expect(WebAssembly.Module.imports(new WebAssembly.Module(moduleBytes(name)))).toEqual([
        { module: "bulla", name: "random", kind: "function" },
      ]);
  });

  test("opens 32 MiB in memory that does not grow with the file", async () => {
    const fresh = await loadPortal(moduleBytes("portal"));
    const identity = fresh.age.generateIdentity();
    const sealer = await loadPortal(moduleBytes("portal"));
    const file = sealer.age.seal(fresh.age.recipientOf(identity), new Uint8Array(32 << 20));
    const opener = fresh.age.opener(identity);
    let size = 0;
    for (let at = 0; at < file.length; at += 1 << 20) size += opener.write(file.subarray(at, at + (1 << 20))).length;
    size += opener.finish().length;
    expect(size).toBe(32 << 20);
    expect(fresh.memorySize).toBeLessThan(8 << 20);
  });

  test("fails with an error that has a code and says what was wrong", () => {
    expect(() => viewer.age.open(viewer.age.generateIdentity(), utf8("not an age file"))).toThrowError(BullaError);
  });

  test("refuses a handle after its end", () => {
    const opener = portal.age.opener(viewer.age.generateIdentity());
    opener.free();
    opener.free();
    expect(codeOf(() => opener.write(utf8("x")))).toBe("internal");
  });
});
