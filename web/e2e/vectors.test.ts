import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadViewer } from "@bulla/wasm";
import { describe, expect, test } from "vitest";
import { Damaged, openMessage } from "../viewer/src/open.ts";
import { restore } from "../viewer/src/restore.ts";
import { padme } from "./lib/seal.ts";

// The vectors of the envelope format, as the envelope's page reads them: WebAssembly and TypeScript together.
const folder = resolve(import.meta.dirname, "../../vectors");
const viewer = await loadViewer(new Uint8Array(readFileSync(resolve(folder, "../build/wasm/viewer.wasm"))));

interface Vector {
  title: string;
  opens: boolean;
  release: { id: string; share: string; signing_keys: string[]; domains: string[] };
  file: string;
  manifest?: { subject: string; parts: object[]; index: string };
  stored?: string;
  original?: string;
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
const names = readdirSync(join(folder, "envelope"));
const vectors = names.map(
  (name) => [name, JSON.parse(readFileSync(join(folder, "envelope", name), "utf8")) as Vector] as const,
);

async function open({ release, file }: Vector) {
  const whole = {
    ...release,
    share: bytes(release.share),
    signingKeys: release.signing_keys.map(bytes),
    organisation: { id: "acme", name: "Acme Ltd" },
    address: "bob@example.org",
    released: "2026-11-24T08:15:00.000Z",
  };
  const blocks = { header: "", payload: Buffer.from(file, "base64url").toString("base64") };
  return await openMessage(viewer, whole, blocks, async () => {});
}

describe("vectors of the format", () => {
  test.each(vectors.filter(([, vector]) => vector.opens))("opens: %s", async (_name, vector) => {
    const { manifest, stored } = await open(vector);
    expect(manifest.subject).toBe(vector.manifest?.subject);
    expect(manifest.parts).toHaveLength(vector.manifest?.parts.length ?? -1);
    expect(Buffer.from(stored.read(0, stored.size)).toString("base64url")).toBe(vector.stored);
    const original = Buffer.concat([...restore(stored, manifest.runs)]);
    expect(original.toString("base64url")).toBe(vector.original);
    expect(original.length).toBe(manifest.message.originalSize);
  });

  test.each(vectors.filter(([, vector]) => !vector.opens))("is refused: %s", async (_name, vector) => {
    await expect(open(vector)).rejects.toBeInstanceOf(Damaged);
  });

  test("there are some of both kinds", () => {
    expect(vectors.filter(([, vector]) => vector.opens).length).toBeGreaterThan(4);
    expect(vectors.filter(([, vector]) => !vector.opens).length).toBeGreaterThan(20);
  });

  test("the tests' own sealer pads as the table says", () => {
    const { rows } = JSON.parse(readFileSync(join(folder, "padme.json"), "utf8")) as { rows: [number, number][] };
    for (const [length, padded] of rows) expect(padme(length)).toBe(padded);
  });
});
