import { deflateSync } from "node:zlib";

/** crc32 of PNG (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** png makes a picture of coloured bars. */
export function png(width: number, height: number): Buffer {
  const colours = ["a4482a", "17595f", "e0b04a", "5a5e66"].map((hex) => Buffer.from(hex, "hex"));
  const row = Buffer.concat([
    Buffer.alloc(1),
    ...Array.from({ length: width }, (_, x) => colours[Math.floor((x * colours.length) / width)] as Buffer),
  ]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(Array(height).fill(row)))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A small picture for tests: 36 by 12. */
export const picture = png(36, 12);
