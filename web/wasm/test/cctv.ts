import { inflateSync } from "node:zlib";
import * as files from "cctv-age";

export interface Vector {
  name: string;
  expect: string;
  payload: string | undefined;
  identities: string[];
  file: Uint8Array;
}

interface Parsed extends Vector {
  /** Why the vector does not apply: Bulla reads no ASCII armour, no passphrases (scrypt), no hybrid keys. */
  why: "armour" | "scrypt" | "hybrid" | undefined;
}

/** For files that name no identity. */
const somebody = "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6";

/** Takes one file of the suite apart: "key: value" lines, an empty line, the age file. */
function parse(name: string, bytes: Uint8Array): Parsed {
  const end = Buffer.from(bytes).indexOf("\n\n");
  const lines = Buffer.from(bytes.subarray(0, end))
    .toString()
    .split("\n")
    .map((line) => line.split(": ") as [string, string]);
  const all = (key: string) => lines.filter(([k]) => k === key).map(([, value]) => value);
  const identities = all("identity");
  const file = bytes.subarray(end + 2);
  return {
    name,
    expect: all("expect")[0] ?? "",
    payload: all("payload")[0],
    identities: identities.length > 0 ? identities : [somebody],
    file: all("compressed")[0] === "zlib" ? new Uint8Array(inflateSync(file)) : file,
    why: all("armored").length
      ? "armour"
      : all("passphrase").length
        ? "scrypt"
        : identities.some((id) => !id.startsWith("AGE-SECRET-KEY-1"))
          ? "hybrid"
          : undefined,
  };
}

const suite = Object.entries((files as { default?: Record<string, Uint8Array> }).default ?? files)
  .filter(([, bytes]) => bytes instanceof Uint8Array)
  .map(([name, bytes]) => parse(name, bytes as Uint8Array));

export const vectors: Vector[] = suite.filter((vector) => !vector.why);
export const leftOut = suite.filter((vector) => vector.why);
export const total = suite.length;
