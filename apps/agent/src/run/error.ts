/** A run that can't be started, or an order that a run can't follow. `code` is stable; `remedy` says what to do. */
export class RunError extends Error {
  readonly code:
    | 'too-many-runs'
    | 'no-such-run'
    | 'via-unknown'
    | 'name-taken'
    | 'trace-unwritable'
    | 'closing'
    | 'bad-flag'
    | 'run-busy'
    | 'not-ours'
    | 'not-watching';
  readonly remedy: string | undefined;
  constructor(code: RunError['code'], message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'RunError';
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** What an error of any package says to the user: a stable code, a message, what to do. */
export function describeError(error: unknown): { code: string; message: string; remedy?: string } {
  const { code, message, remedy } = (error ?? {}) as { code?: unknown; message?: unknown; remedy?: unknown };
  return {
    code: typeof code === 'string' && code !== '' ? code : 'internal',
    message: typeof message === 'string' && message !== '' ? message : String(error),
    ...(typeof remedy === 'string' ? { remedy } : {}),
  };
}
