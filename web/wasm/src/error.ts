// The codes of core/base/result.h, in their order: what a caller can do about an error.
export const codes = [
  "invalid", // the input is malformed or breaks a bound
  "authentic", // decryption, a signature or a hash did not verify; all such failures look alike
  "denied", // who asks may not; for age: sealed to somebody else
  "not-found",
  "conflict",
  "too-many",
  "unavailable", // no memory, no randomness
  "timeout",
  "closed",
  "internal", // a promise inside of the module was broken; load it anew
] as const;

export type Code = (typeof codes)[number];

/** BullaError is what every function of this package throws. The message is for people who mend programs. */
export class BullaError extends Error {
  override readonly name = "BullaError";
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}
