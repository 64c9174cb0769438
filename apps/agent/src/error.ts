/** Something the agent can't do, told to whoever asked: `code` is stable, `remedy` says what to do about it. */
export class AgentError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  /** Exit code for the command line: 125 = our fault, as docker has it. */
  readonly exitCode: number;
  constructor(
    code: string,
    message: string,
    options: { remedy?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 125;
  }
}
