import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "../../..");

interface Addresses {
  readonly origin: string;
  readonly mails: string;
  readonly mailbox: string;
  readonly gateway: number;
}

/** What the letter's parts are when they come out whole; from tests/lib/journey.py. */
export interface Expected {
  readonly size: number;
  readonly sha256: string;
  readonly picture: string;
  readonly attachments: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

/** Stack is a whole Bulla of the real programs on loopback (tests/lib/stack.py), and its mailbox. */
export class Stack {
  readonly folder = mkdtempSync(join(tmpdir(), "bulla-journey-"));
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #addresses: Addresses | undefined;

  private constructor() {
    this.#process = spawn("python3", ["-m", "tests.lib.stack", "--state", join(this.folder, "stack")], { cwd: root });
    this.#process.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  static async start(): Promise<Stack> {
    const stack = new Stack();
    stack.#addresses = (await stack.#answer()) as Addresses;
    return stack;
  }

  get at(): Addresses {
    if (!this.#addresses) throw new Error("the stack has not started");
    return this.#addresses;
  }

  async #answer(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done) throw new Error("the stack has ended; what it said is above");
    return JSON.parse(line.value);
  }

  /** command is "kill NAME", "stop NAME" or "start NAME". */
  async command(text: string): Promise<void> {
    this.#process.stdin.write(`${text}\n`);
    const answer = (await this.#answer()) as { error?: string };
    if (answer.error) throw new Error(answer.error);
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.stdin.end();
    await ended;
    rmSync(this.folder, { recursive: true });
  }

  /** send puts the journey's letter in by SMTP; the bytes as sent are in `original`. */
  send(...options: string[]): Expected & { original: Buffer } {
    const out = join(this.folder, "sent");
    const smtp = ["-m", "tests.lib.journey", "--smtp", String(this.at.gateway), "--out", out];
    const expected = JSON.parse(execFileSync("python3", [...smtp, ...options], { cwd: root, encoding: "utf8" }));
    return { ...expected, original: readFileSync(join(out, "original.eml")) };
  }

  #mailsFor(address: string): number[] {
    const numbers = readdirSync(this.at.mails)
      .filter((name) => name.endsWith(".json"))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
    return numbers.filter((number) => {
      const text = readFileSync(join(this.at.mails, `${number}.json`), "utf8");
      return (JSON.parse(text) as { recipients: string[] }).recipients.includes(address);
    });
  }

  /** mails are the mails that an address has, as they came, oldest first. */
  mails(address: string): string[] {
    return this.#mailsFor(address).map((number) => readFileSync(join(this.at.mails, `${number}.eml`), "latin1"));
  }

  async #wait<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((go) => setTimeout(go, 100))) {
      const found = await find();
      if (found !== undefined) return found;
    }
    throw new Error(`${what} did not come within a minute`);
  }

  /** envelope saves the attachment of the address's count-th envelope mail from the mailbox; a file: address. */
  async envelope(address: string, count = 1): Promise<string> {
    const link = await this.#wait(`envelope ${count} for ${address}`, async () => {
      const links: string[] = [];
      for (const number of this.#mailsFor(address)) {
        const page = await (await fetch(`${this.at.mailbox}/mail/${number}`)).text();
        const found = /href="([^"]*)" download="secure-message.html"/.exec(page);
        if (found?.[1]) links.push(found[1]);
      }
      return links[count - 1];
    });
    const file = join(this.folder, `secure-message-${address}-${count}.html`);
    writeFileSync(file, Buffer.from(await (await fetch(this.at.mailbox + link)).arrayBuffer()));
    return pathToFileURL(file).href;
  }

  /** code waits for the code mail that follows `before` others. */
  async code(address: string, before = 0): Promise<string> {
    return await this.#wait(`the code for ${address}`, () => {
      const codes = this.mails(address)
        .filter((mail) => /^Auto-Submitted: auto-generated/im.test(mail))
        .flatMap((mail) => /^\s*(\d{4}) ?(\d{4})\s*$/m.exec(mail)?.slice(1).join("") ?? []);
      return codes[before];
    });
  }
}
