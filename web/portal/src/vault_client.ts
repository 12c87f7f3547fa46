import { type Vault, VaultError, type VaultProblem } from "./vault.ts";
import workerUrl from "./worker.ts?worker&url";

/** VaultBroken: the worker or its module did not start, or failed. Loading the page again helps, or another browser. */
export class VaultBroken extends Error {}

/** The vault as the page sees it: each call answers later. */
export type VaultClient = {
  [Name in keyof Vault]: (...args: Parameters<Vault[Name]>) => Promise<ReturnType<Vault[Name]>>;
};

interface Answer {
  number: number;
  value?: unknown;
  problem?: VaultProblem | "broken";
}

declare global {
  interface Window {
    // Not in TypeScript's library.
    trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): unknown } };
  }
}

/** The one script that this page may start: Trusted Types bind it to the worker's address. */
function trustedWorkerUrl(): string {
  const policy = window.trustedTypes?.createPolicy("bulla", { createScriptURL: () => workerUrl });
  return (policy?.createScriptURL("") ?? workerUrl) as string;
}

/** startVault starts the worker, which begins to load its module at once. */
export function startVault(): VaultClient {
  const worker = new Worker(trustedWorkerUrl(), { type: "module" });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let count = 0;
  let broken = false;
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    const call = waiting.get(data.number);
    waiting.delete(data.number);
    if (data.problem === undefined) call?.resolve(data.value);
    else call?.reject(data.problem === "broken" ? new VaultBroken() : new VaultError(data.problem));
  });
  worker.addEventListener("error", () => {
    broken = true;
    for (const call of waiting.values()) call.reject(new VaultBroken());
    waiting.clear();
  });
  const call = (name: string, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (broken) return reject(new VaultBroken());
      const number = count++;
      waiting.set(number, { resolve, reject });
      worker.postMessage({ number, name, args });
    });
  const names = ["startRegistration", "finishRegistration", "startLogin", "finishLogin", "unlock", "release"] as const;
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => call(name, args)])) as VaultClient;
}
