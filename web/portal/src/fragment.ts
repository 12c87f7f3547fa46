import { decodeBase64url } from "@bulla/shared/encoding";

/** Request is what the envelope's page asks for: an envelope, and the key that its release is to be sealed to. */
export interface Request {
  id: string;
  ephemeral: Uint8Array<ArrayBuffer>;
}

const storageKey = "bulla-open";

/** parseFragment reads "#ID.EPHEMERAL" (doc/envelope-format.md §9), and nothing else. */
export function parseFragment(fragment: string): Request | undefined {
  const [, id, key] = /^#([\w-]{30})\.([\w-]{43})$/.exec(fragment) ?? [];
  if (id === undefined || key === undefined || !decodeBase64url(id, 22)) return undefined;
  const ephemeral = decodeBase64url(key, 32);
  return ephemeral && { id, ephemeral };
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
