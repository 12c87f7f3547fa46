/**
 * A strict reader of JSON (RFC 8259), since JSON.parse hides what a manifest must not have: names that stand twice.
 * Objects become Maps, so that no name has a meaning of its own ("__proto__").
 */

export type Json = null | boolean | number | string | Json[] | Map<string, Json>;

/** Malformed says that an input is not what its format allows. The text is for people who mend programs. */
export class Malformed extends Error {}

const deepest = 16;
const space = /[ \t\n\r]*/y;
const word = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those which a string must escape
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** parseJson reads one JSON text, at most 16 levels deep, or throws Malformed. */
export function parseJson(text: string): Json {
  let at = 0;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function skip(mark: string): boolean {
    take(space);
    if (text[at] !== mark) return false;
    at++;
    return true;
  }

  function need(mark: string): void {
    if (!skip(mark)) throw new Malformed(`JSON: '${mark}' is missing at ${at}`);
  }

  function items(end: string, item: () => void): void {
    if (skip(end)) return;
    do item();
    while (skip(","));
    need(end);
  }

  function name(): string {
    take(space);
    const found = take(string);
    if (found === undefined) throw new Malformed(`JSON: no string at ${at}`);
    return JSON.parse(found);
  }

  function object(depth: number): Map<string, Json> {
    const members = new Map<string, Json>();
    items("}", () => {
      const key = name();
      if (members.has(key)) throw new Malformed(`JSON: "${key}" stands twice`);
      need(":");
      members.set(key, value(depth));
    });
    return members;
  }

  function array(depth: number): Json[] {
    const values: Json[] = [];
    items("]", () => values.push(value(depth)));
    return values;
  }

  function value(depth: number): Json {
    if (depth > deepest) throw new Malformed("JSON: nested too deep");
    if (skip("{")) return object(depth + 1);
    if (skip("[")) return array(depth + 1);
    if (text[at] === '"') return name();
    const literal = take(word) ?? take(number);
    if (literal === undefined) throw new Malformed(`JSON: no value at ${at}`);
    return JSON.parse(literal);
  }

  const result = value(1);
  take(space);
  if (at !== text.length) throw new Malformed(`JSON: more text at ${at}`);
  return result;
}

/** parseJsonBytes reads JSON in UTF-8, without a byte order mark, or throws Malformed. */
export function parseJsonBytes(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed("JSON: not UTF-8");
  }
  return parseJson(text);
}
