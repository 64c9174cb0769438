import { AgentError } from '../../error.ts';
import { runtimeError } from '../embedded/lowLevel/runtimeError.ts';
import { EngineRefusal } from './engine.ts';

/** What an engine's refusal to create a container means; errors of other kinds stay as they are. */
export function createFailure(error: unknown, runtimes: readonly string[]): unknown {
  if (!(error instanceof EngineRefusal)) return error;
  const { words, status } = error;
  if (/unknown or invalid runtime name|Unknown runtime specified/i.test(words)) {
    return new AgentError('unknown-runtime', `the docker engine has no such runtime: ${words}`, {
      remedy: `choose one of: ${runtimes.join(', ')}`,
      cause: error,
    });
  }
  if (status === 409 && /name .* is already in use/i.test(words)) {
    return new AgentError('name-taken', words, {
      remedy: 'remove that container (docker rm), or choose another name with --name',
      cause: error,
    });
  }
  return new AgentError('create-refused', `the docker engine refuses to create the container: ${words}`, {
    remedy: 'change what it complains of, and run it again',
    cause: error,
  });
}

/**
 * What an engine's refusal to start a container means, with docker's exit codes (docker's cli/command/container/run.go): 127 for a
 * command that is not there, 126 for one that can't be executed, else 125.
 */
export function startFailure(error: unknown, command: string): unknown {
  if (!(error instanceof EngineRefusal)) return error;
  const { words } = error;
  if (/port is already allocated|address already in use|failed to bind host port/i.test(words)) {
    return new AgentError('port-taken', `a port can’t be published: ${words}`, {
      remedy: 'publish another port of the host, or end what listens there',
      cause: error,
    });
  }
  const meant = runtimeError('the docker engine', words, command);
  const { code, message, remedy, exitCode } = meant;
  return new AgentError(code, message, { ...(remedy ? { remedy } : {}), exitCode, cause: error });
}
