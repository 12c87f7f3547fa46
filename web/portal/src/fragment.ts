import { decodeBase64url } from "@bulla/shared/encoding";
import { decodeHint } from "@bulla/shared/hint";

/**
 * Request is what the envelope's page asks for: an envelope, and the key that its release is to be sealed to. `hint` is
 * an address to begin with, which proves nothing.
 */
export interface Request {
  id: string;
  ephemeral: Uint8Array<ArrayBuffer>;
  hint?: string;
}

const storageKey = "bulla-open";

/**
 * parseFragment reads "#ID.EPHEMERAL" or "#ID.EPHEMERAL.HINT" (doc/envelope-format.md §9), and nothing else. A hint that
 * is not an address is as none.
 */
export function parseFragment(fragment: string): Request | undefined {
  const [, id, key, last] = /^#([\w-]{30})\.([\w-]{43})(?:\.([\w-]{1,427}))?$/.exec(fragment) ?? [];
  if (id === undefined || key === undefined || !decodeBase64url(id, 22)) return undefined;
  const ephemeral = decodeBase64url(key, 32);
  if (!ephemeral) return undefined;
  const hint = last && decodeHint(last);
  return hint ? { id, ephemeral, hint } : { id, ephemeral };
}

/**
 * takeFragment reads the request and takes it out of the address bar and the history, where others might see it. A copy
 * stays with this tab until forgetFragment(), so that the page can be loaded again; neither value opens anything.
 */
export function takeFragment(): Request | undefined {
  const fragment = location.hash;
  if (fragment === "") return parseFragment(sessionStorage.getItem(storageKey) ?? "");
  history.replaceState(null, "", location.pathname);
  const request = parseFragment(fragment);
  if (request) sessionStorage.setItem(storageKey, fragment);
  else forgetFragment();
  return request;
}

export function forgetFragment(): void {
  sessionStorage.removeItem(storageKey);
}
