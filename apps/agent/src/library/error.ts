/** What the library can't do; `code` is stable, `remedy` says what to do. */
export class LibraryError extends Error {
  readonly code:
    | 'no-such-trace'
    | 'trace-growing'
    | 'already-there'
    | 'guide-unreadable'
    | 'guide-to-another'
    | 'broken-trace'
    | 'too-large'
    | 'too-many-imports'
    | 'disk-full'
    | 'cannot-write';
  readonly remedy: string | undefined;
  constructor(
    code: LibraryError['code'],
    message: string,
    options: { remedy?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'LibraryError';
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** What a failed write of a file means; anything that is no fault of the disk or its rights stays as it is. */
export function writeError(what: string, folder: string, cause: unknown): unknown {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LibraryError('disk-full', `${what} can’t be kept: the disk is full (${code})`, {
      remedy: `make room below ${folder}, or delete traces for good in the trash`,
      cause,
    });
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || code === 'EIO') {
    return new LibraryError('cannot-write', `${what} can’t be kept: ${folder} can’t be written (${code})`, {
      remedy: 'see that the folder is writable, or start underdock with another one: --state DIR',
      cause,
    });
  }
  return cause;
}
