import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { htmlFile, type Sealed } from "./seal.ts";

const template = resolve(import.meta.dirname, "../../../build/web/viewer/envelope.html");

/** EnvelopeFiles writes envelopes to a folder of its own, and gives their file: addresses. */
export class EnvelopeFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), "bulla-e2e-"));
  #count = 0;

  /** `change` may alter the HTML file before it is written. */
  write(sealed: Sealed, origin: string, change: (html: string) => string = (html) => html): string {
    const path = join(this.#folder, `secure-message-${++this.#count}.html`);
    writeFileSync(path, change(htmlFile(readFileSync(template, "utf8"), sealed, origin)));
    return pathToFileURL(path).href;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
