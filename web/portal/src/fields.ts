import { ApiError } from "./errors.ts";

/** Fields reads the members of an answer, each with its type; an answer of another shape is an error of the server. */
export class Fields {
  readonly #members: Record<string, unknown>;

  constructor(json: unknown) {
    if (typeof json !== "object" || json === null) throw new ApiError("bad-answer");
    this.#members = json as Record<string, unknown>;
  }

  object(name: string): Fields {
    return new Fields(this.#members[name]);
  }

  text(name: string): string {
    const value = this.#members[name];
    if (typeof value !== "string") throw new ApiError("bad-answer");
    return value;
  }

  optionalText(name: string): string | undefined {
    return name in this.#members ? this.text(name) : undefined;
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#members[name];
    return typeof value === "number" ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.#members[name];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw new ApiError("bad-answer");
    return value;
  }

  oneOf<Choice extends string>(name: string, ...choices: Choice[]): Choice {
    const value = this.text(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new ApiError("bad-answer");
    return found;
  }
}
