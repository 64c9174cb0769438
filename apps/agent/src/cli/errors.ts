import { tame } from './words.ts';

/**
 * Tells an error to the user: what happened, and what to do. A mistake of ours keeps its stack. Returns the exit code that
 * the error asks for, else `fault`.
 */
export function complain(error: unknown, stderr: { write(text: string): unknown }, fault: number): number {
  const { code, message, remedy, exitCode } = (error ?? {}) as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string' || !/^[a-z]/.test(code)) {
    stderr.write(`underdock made a mistake, please report it:\n${(error as Error)?.stack ?? error}\n`);
    return fault;
  }
  stderr.write(`underdock: ${tame(message)}\n`);
  if (typeof remedy === 'string') stderr.write(`  ${tame(remedy)}\n`);
  return fault === 125 && typeof exitCode === 'number' ? exitCode : fault;
}
