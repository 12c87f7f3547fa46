import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Api } from "../src/api.ts";
import { ApiError } from "../src/errors.ts";
import { parseFragment, takeFragment } from "../src/fragment.ts";
import { Opener } from "../src/opener.ts";
import { acceptable, judge } from "../src/password.ts";
import { texts } from "../src/texts.en.ts";

const id = "A".repeat(30);
const key = "A".repeat(43);

afterEach(() => vi.unstubAllGlobals());

describe("the fragment", () => {
  test("is none, or whole, whatever stands there", () => {
    let state = 20261124;
    const next = (end: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * end);
    };
    const pieces = [
      "#",
      ".",
      id,
      key,
      id.slice(1),
      "A",
      "-",
      "_",
      "%2e",
      "\u{1f600}",
      "\ud800",
      "Ym9iQHgueQ",
      "\0",
      "=",
      "A".repeat(500),
    ];
    const usual = ["#", id, ".", key, ".", "Ym9iQHguZXhhbXBsZQ"];
    let found = 0;
    for (let i = 0; i < 20_000; i++) {
      const parts = usual.slice(0, 1 + next(usual.length));
      for (let left = next(3); left > 0; left--)
        parts.splice(next(parts.length + 1), next(2), pieces[next(pieces.length)] as string);
      const request = parseFragment(parts.join(""));
      if (!request) continue;
      found++;
      expect(request.id).toHaveLength(30);
      expect(request.ephemeral).toHaveLength(32);
      expect(request.hint ?? "a@b").toMatch(/^[^\s@]+@[^\s@]+$/);
    }
    expect(found).toBeGreaterThan(1000);
    expect(parseFragment(`#${id}.${key}.${"A".repeat(5_000_000)}`)).toBeUndefined();
  });

  test("is an envelope and a key", () => {
    expect(parseFragment(`#${id}.${key}`)).toEqual({ id, ephemeral: new Uint8Array(32) });
  });

  const refused = [
    "",
    "#",
    `#${id}`,
    `#${id}.`,
    `#.${key}`,
    `${id}.${key}`,
    `#${id}.${key}.`,
    `#${id}.${key}.Ym9i.`,
    `#${id}.${key}.Ym9i=`,
    `#${id}.${key}.<b>`,
    `#${id}.${key}.${"A".repeat(428)}`,
    `#${id}.${key}&x=1`,
    ` #${id}.${key}`,
    `#${id}A.${key}`,
    `#${id.slice(1)}.${key}`,
    `#${id}.${key}A`,
    `#${id}.${key.slice(1)}`,
    `#${id.slice(1)}+.${key}`,
    `#${id.slice(1)}B.${key}`,
    `#${id}.${key.slice(1)}B`,
    `#${id}.${key}\n`,
    `#${id}%2E${key}`,
  ];
  test.each(refused)("is refused: %j", (fragment) => {
    expect(parseFragment(fragment)).toBeUndefined();
  });

  const withHint = (bytes: string | Uint8Array) => `#${id}.${key}.${Buffer.from(bytes).toString("base64url")}`;

  test("may hint at an address", () => {
    expect(parseFragment(withHint("bob@example.org"))?.hint).toBe("bob@example.org");
    expect(parseFragment(`#${id}.${key}`)).not.toHaveProperty("hint");
  });

  const noHints = [
    "bob",
    "<img src=x>@example.org",
    "bob\u202e@example.org",
    "bob\u0000@example.org",
    Buffer.from("b\xf6b@example.org", "latin1"),
  ];
  test.each(noHints)("is as without a hint when that is no address: %j", (hint) => {
    expect(parseFragment(withHint(hint))).toEqual({ id, ephemeral: new Uint8Array(32) });
  });

  test("leaves the address bar, and survives a reload in this tab", () => {
    const stored = new Map<string, string>();
    const replaced: string[] = [];
    const place = { hash: `#${id}.${key}`, pathname: "/open" };
    vi.stubGlobal("location", place);
    vi.stubGlobal("history", { replaceState: (_: null, __: string, path: string) => replaced.push(path) });
    vi.stubGlobal("sessionStorage", {
      getItem: (name: string) => stored.get(name) ?? null,
      setItem: (name: string, value: string) => stored.set(name, value),
      removeItem: (name: string) => stored.delete(name),
    });
    expect(takeFragment()?.id).toBe(id);
    expect(replaced).toEqual(["/open"]);
    place.hash = "";
    expect(takeFragment()?.id).toBe(id);
    place.hash = "#nonsense";
    expect(takeFragment()).toBeUndefined();
    place.hash = "";
    expect(takeFragment()).toBeUndefined();
  });
});

describe("the opener", () => {
  const page = { closed: false, posted: [] as unknown[], postMessage: (message: unknown) => page.posted.push(message) };
  let hear: (event: object) => void;

  beforeEach(() => {
    page.closed = false;
    page.posted = [];
    vi.stubGlobal("window", { opener: page });
    vi.stubGlobal("addEventListener", (_: string, listener: (event: object) => void) => {
      hear = listener;
    });
  });

  const greeting = { bulla: 1, type: "greeting", id };

  test.each(["null", "file://", "file:"])("that greets from %j is answered, each time", (origin) => {
    const opener = new Opener(id);
    expect(opener.present).toBe(false);
    hear({ source: page, origin, data: greeting });
    hear({ source: page, origin, data: greeting });
    expect(opener.present).toBe(true);
    expect(page.posted).toEqual(Array(2).fill({ bulla: 1, type: "ready", id }));
    expect(opener.release("code")).toBe(true);
    expect(page.posted.at(-1)).toEqual({ bulla: 1, type: "release", id, release: "code" });
  });

  const strangers: [string, object][] = [
    ["another window", { source: {}, origin: "null", data: greeting }],
    ["no window", { source: null, origin: "null", data: greeting }],
    ["a website", { source: page, origin: "https://evil.example", data: greeting }],
    ["a website that looks like a file", { source: page, origin: "https://file:.example", data: greeting }],
    ["another envelope", { source: page, origin: "null", data: { ...greeting, id: "B".repeat(30) } }],
    ["something else", { source: page, origin: "null", data: { ...greeting, type: "ready" } }],
  ];
  test.each(strangers)("is not %s", (_title, event) => {
    const opener = new Opener(id);
    hear(event);
    expect(opener.present).toBe(false);
    expect(opener.release("code")).toBe(false);
    expect(page.posted).toEqual([]);
  });

  test("that was closed gets nothing", () => {
    const opener = new Opener(id);
    hear({ source: page, origin: "null", data: greeting });
    page.closed = true;
    expect(opener.release("code")).toBe(false);
  });
});

describe("a password", () => {
  const rows: [string, string][] = [
    ["", "empty"],
    ["short", "short"],
    ["ninechars", "short"],
    ["tenletters", "fair"],
    ["Grüße aus Köln", "good"],
    ["correct horse battery", "strong"],
    ["aaaaaaaaaaaa", "simple"],
    ["abababababab", "simple"],
    ["1234567890", "simple"],
    ["0987654321", "simple"],
    ["abcdefghijkl", "simple"],
    ["qwertyuiop", "simple"],
    ["Password123!", "simple"],
    ["bob.builder1", "simple"],
    ["example.org1", "simple"],
    ["x".repeat(1001), "long"],
  ];
  test.each(rows)("%j is %s", (password, judgement) => {
    expect(judge(password, "bob.builder@example.org")).toBe(judgement);
  });

  test("may be taken from fair on", () => {
    expect((["empty", "short", "long", "simple", "fair", "good", "strong"] as const).filter(acceptable)).toEqual([
      "fair",
      "good",
      "strong",
    ]);
  });
});

describe("the API", () => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
    const calls: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
      calls.push([path, init]);
      return new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
    });
    return calls;
  };

  test("is asked in JSON, without cookies, and no redirect is followed", async () => {
    const calls = answer(200, { state: "register" });
    expect(await new Api().look(id, "bob@example.org")).toBe("register");
    const [path, init] = calls[0]!;
    expect(path).toBe("/v1/opening/look");
    expect(init).toMatchObject({ method: "POST", credentials: "omit", redirect: "error", cache: "no-store" });
    expect(JSON.parse(init.body as string)).toEqual({ envelope: id, address: "bob@example.org" });
  });

  test("keeps its session in memory, sends it, and ends it", async () => {
    const api = new Api();
    answer(200, { session: "s1", identity: "wrapped" });
    expect(await api.finishSession("login", "ke3")).toBe("wrapped");
    const calls = answer(204, null);
    await api.endSession();
    expect(calls[0]?.[0]).toBe("/v1/session");
    expect(calls[0]?.[1]).toMatchObject({ method: "DELETE", headers: { Authorization: "Bearer s1" } });
    await api.endSession();
    expect(calls).toHaveLength(1);
  });

  test("errors carry what is needed", async () => {
    answer(429, { error: { code: "too-many", message: "…" } }, { "Retry-After": "120" });
    await expect(new Api().sendCode("a@b.example")).rejects.toMatchObject({ code: "too-many", retryAfter: 120 });
    answer(403, { error: { code: "wrong-code", message: "…", tries_left: 2 } });
    await expect(new Api().verifyCode("r", "1")).rejects.toMatchObject({ code: "wrong-code", triesLeft: 2 });
    answer(410, { error: { code: "gone", message: "…", state: "locked" } });
    await expect(new Api().release(id)).rejects.toMatchObject({ code: "gone", state: "locked" });
  });

  test.each([
    ["another shape", 200, { state: 7 }],
    ["a state that is none", 200, { state: "other" }],
    ["an error of another shape", 500, { message: "x" }],
  ])("%s is an error of the server", async (_title, status, body) => {
    answer(status, body);
    await expect(new Api().look(id, "a@b.example")).rejects.toMatchObject({ code: "bad-answer" });
  });

  test("no answer, or none that can be read, is no connection", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("failed");
    });
    await expect(new Api().look(id, "a@b.example")).rejects.toBeInstanceOf(ApiError);
    vi.stubGlobal("fetch", async () => new Response("<html>", { status: 502 }));
    await expect(new Api().look(id, "a@b.example")).rejects.toMatchObject({ code: "unreachable" });
  });
});

test("times to wait are said in words", () => {
  const wait = (seconds: number) => texts.problems["too-many"](undefined, seconds);
  expect([0, 30, 120, 3601, 7200].map(wait).map((text) => /again (.*)\./.exec(text)?.[1])).toEqual([
    "in a little while",
    "in 30 seconds",
    "in 2 minutes",
    "in 61 minutes",
    "in 2 hours",
  ]);
});
