import { describe, expect, test } from "vitest";
import type { Run, Stored } from "../src/manifest.ts";
import { base64Pieces } from "../src/payload.ts";
import { encodeRun, restore } from "../src/restore.ts";

const noise = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 2654435761) >>> 13);

/** By the words of doc/envelope-format.md §5. */
function lines(bytes: Uint8Array, width: number): string {
  const text = Buffer.from(bytes).toString("base64");
  return text.match(new RegExp(`.{1,${width}}`, "g"))?.join("\r\n") ?? "";
}

function stored(bytes: Uint8Array): Stored {
  return { size: bytes.length, read: (offset, size) => new Uint8Array(bytes.subarray(offset, offset + size)) };
}

describe("a run", () => {
  for (const width of [1, 3, 4, 60, 75, 76, 65535])
    test.each([1, 2, 3, 56, 57, 58, 114, 5000])(`of width ${width} and %i bytes is encoded`, (size) => {
      const bytes = noise(size);
      expect(Buffer.from(encodeRun(bytes, width)).toString()).toBe(lines(bytes, width));
    });
});

describe("the original", () => {
  const rows: [string, number, Run[]][] = [
    ["without runs", 100, []],
    ["empty", 0, []],
    ["one run in the middle", 100, [{ offset: 10, size: 60, width: 76 }]],
    [
      "runs at both ends",
      100,
      [
        { offset: 0, size: 30, width: 76 },
        { offset: 31, size: 69, width: 20 },
      ],
    ],
    [
      "runs that touch",
      100,
      [
        { offset: 0, size: 50, width: 76 },
        { offset: 50, size: 50, width: 4 },
      ],
    ],
    [
      "runs of several pieces",
      5_000_000,
      [
        { offset: 7, size: 3_000_001, width: 76 },
        { offset: 4_000_000, size: 999_999, width: 77 },
      ],
    ],
    ["a run of one line", 2_000_000, [{ offset: 1, size: 1_600_000, width: 65535 }]],
  ];
  test.each(rows)("%s", (_title, size, runs) => {
    const bytes = noise(size);
    const pieces = [...restore(stored(bytes), runs)];
    for (const piece of pieces) expect(piece.length).toBeLessThan(1_500_000);
    let expected = "";
    let at = 0;
    for (const run of runs) {
      expected += Buffer.from(bytes.subarray(at, run.offset)).toString("latin1");
      at = run.offset + run.size;
      expected += lines(bytes.subarray(run.offset, at), run.width);
    }
    expected += Buffer.from(bytes.subarray(at)).toString("latin1");
    expect(Buffer.concat(pieces).equals(Buffer.from(expected, "latin1"))).toBe(true);
  });
});

describe("the payload's base64", () => {
  const bytes = noise(2_000_001);
  const text = Buffer.from(bytes).toString("base64");
  const rows: [string, string][] = [
    ["in one line", text],
    ["in lines of 76, LF", text.replace(/.{76}/g, "$&\n")],
    ["in lines of 76, CRLF, with blanks around", ` \r\n${text.replace(/.{76}/g, "$&\r\n")}\r\n\t`],
    ["in lines of 7", text.replace(/.{7}/g, "$&\n")],
  ];
  test.each(rows)("%s", (_title, encoded) => {
    const pieces = [...base64Pieces(encoded)];
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
  });

  test.each(["QUJD*A==", "QUJDR", "QUJD=QUJ", "QUI=QUJD"])("is refused: %s", (encoded) => {
    expect(() => [...base64Pieces(encoded)]).toThrow();
  });
});
