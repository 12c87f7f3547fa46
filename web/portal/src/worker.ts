import { loadPortal } from "@bulla/wasm/portal";
import portalWasm from "../../../build/wasm/portal.wasm?url";
import { Vault, VaultError } from "./vault.ts";

/** The worker that holds the vault. It obeys the calls of vault_client.ts, one after the other. */

const vault = fetch(portalWasm)
  .then((response) => response.arrayBuffer())
  .then(async (bytes) => new Vault(await loadPortal(bytes)));

addEventListener("message", async (event: MessageEvent) => {
  const { number, name, args } = event.data as { number: number; name: keyof Vault; args: unknown[] };
  try {
    const call = (await vault)[name] as (...args: unknown[]) => unknown;
    postMessage({ number, value: call.apply(await vault, args) });
  } catch (error) {
    postMessage({ number, problem: error instanceof VaultError ? error.problem : "broken" });
  }
});
