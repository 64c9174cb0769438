/** Something in the embedded chain that failed in a way the user can act on. `code` is stable; `remedy` says what to do. */
export class EmbeddedError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  /** Exit code for the command line: 125 unless docker's convention says 126 or 127. */
  readonly exitCode: number;
  constructor(
    code: string,
    message: string,
    options: { remedy?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'EmbeddedError';
    this.code = code;
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 125;
  }
}
