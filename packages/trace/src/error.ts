export type TraceErrorCode =
  | 'not-a-trace'
  | 'too-new'
  | 'bad-header'
  | 'bad-event'
  | 'line-too-long'
  | 'too-deep'
  | 'second-header'
  | 'too-large'
  | 'too-faulty'
  | 'not-json'
  | 'no-upgrade'
  | 'not-a-guide';

/** A file or stream that is not a readable trace; `line` counts from 1. */
export class TraceError extends Error {
  readonly code: TraceErrorCode;
  readonly line: number | undefined;
  constructor(code: TraceErrorCode, message: string, options: { line?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'TraceError';
    this.code = code;
    this.line = options.line;
  }
}
