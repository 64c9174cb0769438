export type ProbeErrorCode =
  | 'not-root'
  | 'no-tool'
  | 'no-tracepoints'
  | 'refused'
  | 'silent'
  | 'ended'
  | 'unknown-build';

/** Why a probe can't watch here, or can't any more; the message says what to do. */
export class ProbeError extends Error {
  readonly code: ProbeErrorCode;
  constructor(code: ProbeErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'ProbeError';
    this.code = code;
  }
}
