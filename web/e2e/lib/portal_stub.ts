/**
 * A stand-in for the portal in tests of the envelope's page alone: its page answers greetings, and a click on one of its
 * buttons releases, cancels, or answers with something wrong. It also counts what is asked of it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { recipientOfKey } from "@bulla/shared/bech32";
import { releaseFor, type Sealed } from "./seal.ts";

export interface PortalStub {
  origin: string;
  /** The paths that were asked for, but for those of the stub itself. */
  strangers: string[];
  close(): Promise<void>;
}

const page = `<!doctype html><meta charset="utf-8"><title>Stub</title>
<button id="confirm">Confirm</button> <button id="cancel">Cancel</button> <button id="wrong">Wrong</button>
<output id="code"></output>
<script>
const [id, ephemeral] = location.hash.slice(1).split(".");
const post = (message) => opener?.postMessage({ bulla: 1, id, ...message }, "*");
addEventListener("message", (event) => {
  if (event.source === opener && event.data?.type === "greeting") post({ type: "ready" });
});
const release = async (changes) => {
  const answer = await fetch("/stub/release", { method: "POST", body: JSON.stringify({ ephemeral, changes }) });
  const text = await answer.text();
  document.getElementById("code").textContent = text;
  post({ type: "release", release: text });
};
document.getElementById("confirm").onclick = () => release({});
document.getElementById("wrong").onclick = () => release({ id: "A".repeat(30) });
document.getElementById("cancel").onclick = () => post({ type: "cancelled" });
</script>`;

/** startPortalStub serves on loopback; `sealed` gives the message that is to be released. */
export async function startPortalStub(sealed: () => Sealed): Promise<PortalStub> {
  const strangers: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === "/open") {
      response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    } else if (request.url === "/stub/release") {
      let body = "";
      for await (const piece of request) body += piece;
      const { ephemeral, changes } = JSON.parse(body);
      response.end(await releaseFor(sealed(), recipientOfKey(Buffer.from(ephemeral, "base64url")), changes));
    } else {
      strangers.push(`${request.method} ${request.url}`);
      response.writeHead(404).end();
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    strangers,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
