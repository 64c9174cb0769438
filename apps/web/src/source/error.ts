export type SourceErrorCode = 'unreachable' | 'refused' | 'problem' | 'unreadable';

/** Something that the agent said no to, or could not be asked; `remedy` says what to do about it. */
export class SourceError extends Error {
  readonly code: SourceErrorCode;
  readonly remedy: string | undefined;
  /** The agent's own code, such as `not-found`, where it sent one. */
  readonly reason: string | undefined;
  constructor(
    code: SourceErrorCode,
    message: string,
    options: { remedy?: string; reason?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'SourceError';
    this.code = code;
    this.remedy = options.remedy;
    this.reason = options.reason;
  }
}
