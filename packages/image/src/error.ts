export type ImageErrorCode =
  | 'bad-reference'
  | 'unknown-image'
  | 'denied'
  | 'rate-limited'
  | 'digest-mismatch'
  | 'size-mismatch'
  | 'truncated'
  | 'stalled'
  | 'unreachable'
  | 'registry-fault'
  | 'unsupported-media-type'
  | 'no-platform'
  | 'bad-manifest'
  | 'too-large'
  | 'insecure'
  | 'bad-credentials'
  | 'corrupt-layer'
  | 'unsafe-entry'
  | 'unsupported-entry'
  | 'limit-exceeded'
  | 'disk-full'
  | 'not-permitted'
  | 'io'
  | 'bad-layout'
  | 'no-tools'
  | 'aborted';

/** What an ImageError remembers of the exchange or file that failed; values that were tried, never credentials. */
export interface ImageErrorDetails {
  method?: string;
  /** Without query: it may carry a signature. */
  url?: string;
  status?: number;
  /** How many times it was tried. */
  attempts?: number;
  /** Milliseconds that a registry asked to wait. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** Something wrong with an image, its registry or its layers. `code` is stable; `message` ends with what to do. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly attempts: number | undefined;
  readonly retryAfterMs: number | undefined;
  constructor(code: ImageErrorCode, message: string, details: ImageErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ImageError';
    this.code = code;
    this.method = details.method;
    this.url = details.url;
    this.status = details.status;
    this.attempts = details.attempts;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The errno name of a failed system call (`ENOENT`), or undefined for another kind of error. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Turns a file system error into an ImageError that says what was being done and what to do; leaves others as they are. */
export function fileError(error: unknown, doing: string): unknown {
  if (error instanceof ImageError) return error;
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new ImageError(
      'disk-full',
      `no space left while ${doing}; free some space or choose another --state folder`,
      {
        cause: error,
      },
    );
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS')
    return new ImageError(
      'not-permitted',
      `${errno} while ${doing}; check who owns the folder and how it is mounted`,
      { cause: error },
    );
  if (errno?.startsWith('E') && ('syscall' in (error as object) || 'call' in (error as object)))
    return new ImageError('io', `${errno} while ${doing}; check the disk and try again`, { cause: error });
  return error;
}
