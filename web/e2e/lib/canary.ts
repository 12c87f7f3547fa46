import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** Canary listens, and sings when anything connects: a request is not needed, so that preconnecting counts too. */
export class Canary {
  /** The first line that each connection sent, "" when it sent nothing. */
  readonly heard: string[] = [];
  readonly #server = createServer((socket) => {
    const at = this.heard.push("") - 1;
    socket.on("data", (data) => {
      this.heard[at] ||= data.toString("latin1").split("\r\n")[0] ?? "";
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n");
    });
    socket.on("error", () => {});
  });

  static async start(): Promise<Canary> {
    const canary = new Canary();
    await new Promise<void>((resolve) => canary.#server.listen(0, "127.0.0.1", resolve));
    return canary;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
