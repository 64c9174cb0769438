import { AgentError } from '../../error.ts';
import { runtimeError } from '../embedded/lowLevel/runtimeError.ts';
import { GrpcRefusal } from '../grpc/failure.ts';

/**
 * What containerd’s refusal to create or start a task means, with docker's exit codes: 127 for a command that is not there, 126 for
 * one that can’t be executed, else 125. Errors of other kinds stay as they are.
 */
export function taskFailure(error: unknown, runtime: string, command: string): unknown {
  if (!(error instanceof GrpcRefusal)) return error;
  const { words } = error;
  if (
    /runtime "[^"]*" binary not installed|no runtime for|failed to resolve runtime path|invalid runtime name/i.test(
      words,
    )
  ) {
    return new AgentError('unknown-runtime', `containerd has no runtime ${runtime}: ${words}`, {
      remedy: `install its shim beside containerd-shim-runc-v2, or choose runc with --runtime`,
      cause: error,
    });
  }
  const meant = runtimeError('containerd', words, command);
  const { code, message, remedy, exitCode } = meant;
  return new AgentError(code, message, { ...(remedy ? { remedy } : {}), exitCode, cause: error });
}
