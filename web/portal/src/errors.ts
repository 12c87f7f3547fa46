/** What the key server answered, or "unreachable" when it did not. */
export class ApiError extends Error {
  readonly code: string;
  /** Seconds to wait, from Retry-After. */
  readonly retryAfter: number;
  readonly triesLeft: number | undefined;
  /** "locked" or "expired". */
  readonly state: string | undefined;

  constructor(
    code: string,
    details: { retryAfter?: number; triesLeft?: number | undefined; state?: string | undefined } = {},
  ) {
    super(code);
    this.code = code;
    this.retryAfter = details.retryAfter ?? 0;
    this.triesLeft = details.triesLeft;
    this.state = details.state;
  }
}
