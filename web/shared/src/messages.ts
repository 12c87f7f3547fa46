/**
 * What the envelope's page and the portal say to each other while a message is opened (doc/envelope-format.md §9).
 * Both sides check where a message came from before they look into it.
 */

export type OpeningMessage =
  | { bulla: 1; type: "greeting"; id: string }
  | { bulla: 1; type: "ready"; id: string }
  | { bulla: 1; type: "release"; id: string; release: string }
  | { bulla: 1; type: "cancelled"; id: string };

const longestRelease = 64 * 1024;

/** readMessage takes what another window posted: one of the messages about this envelope, or nothing. */
export function readMessage(data: unknown, id: string): OpeningMessage | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const message = data as Partial<Record<string, unknown>>;
  if (message.bulla !== 1 || message.id !== id) return undefined;
  switch (message.type) {
    case "greeting":
    case "ready":
    case "cancelled":
      return { bulla: 1, type: message.type, id };
    case "release":
      if (typeof message.release !== "string" || message.release.length > longestRelease) return undefined;
      return { bulla: 1, type: "release", id, release: message.release };
    default:
      return undefined;
  }
}
