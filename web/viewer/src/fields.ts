import { decodeBase64url } from "@bulla/shared/encoding";
import { type Json, Malformed } from "./json.ts";

const longestString = 16 * 1024;

/** byteLength counts the bytes of a text in UTF-8. */
const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/**
 * Fields reads the members of one JSON object, each with its type and bounds, or throws Malformed with the member's
 * name. Names that nobody asks for are ignored.
 */
export class Fields {
  readonly #members: Map<string, Json>;
  readonly #path: string;

  constructor(json: Json | undefined, path: string) {
    if (!(json instanceof Map)) throw new Malformed(`${path}: not an object`);
    this.#members = json;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  object(name: string): Fields {
    return new Fields(this.#members.get(name), this.#name(name));
  }

  text(name: string): string {
    const value = this.#members.get(name);
    if (typeof value !== "string") this.fail(name, "not a string");
    // A UTF-16 unit is at most 3 bytes: most texts need no count.
    if (value.length > longestString / 3 && byteLength(value) > longestString) this.fail(name, "too long");
    if (/\p{Cs}/u.test(value)) this.fail(name, "not Unicode");
    return value;
  }

  bytes(name: string, size?: number): Uint8Array<ArrayBuffer> {
    return decodeBase64url(this.text(name), size) ?? this.fail(name, "not base64url, or of another length");
  }

  /** A whole number from 0 to `most`. */
  count(name: string, most: number = Number.MAX_SAFE_INTEGER): number {
    return asCount(this.#members.get(name), most) ?? this.fail(name, `not a whole number up to ${most}`);
  }

  time(name: string): string {
    const value = this.text(name);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) this.fail(name, "not a time");
    const date = new Date(value);
    if (Number.isNaN(date.getTime()) || date.toISOString() !== value) this.fail(name, "not a time");
    return value;
  }

  timeOrNull(name: string): string | null {
    return this.#members.get(name) === null ? null : this.time(name);
  }

  oneOf<Choice extends string>(name: string, ...choices: Choice[]): Choice {
    const value = this.text(name);
    return choices.find((choice) => choice === value) ?? this.fail(name, `not one of ${choices.join(", ")}`);
  }

  list(name: string, most: number): Json[] {
    const value = this.#members.get(name);
    if (!Array.isArray(value)) this.fail(name, "not a list");
    if (value.length > most) this.fail(name, "too many");
    return value;
  }

  objects<Item>(name: string, most: number, read: (item: Fields) => Item): Item[] {
    return this.list(name, most).map((item, i) => read(new Fields(item, `${this.#name(name)}[${i}]`)));
  }

  fail(name: string, reason: string): never {
    throw new Malformed(`${this.#name(name)}: ${reason}`);
  }

  #name(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

/** asCount takes a whole number from 0 to `most`, and nothing else. */
export function asCount(value: Json | undefined, most: number): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most ? value : undefined;
}
