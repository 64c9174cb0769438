import type { ServiceError } from '@grpc/grpc-js';
import { AgentError } from '../../error.ts';
import type { DaemonAddress } from './daemon.ts';

/** gRPC's status codes by number (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const CODES = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE'],
  ...['UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
] as const;

/** The name of a gRPC status. */
export type GrpcCode = (typeof CODES)[number];

/** The daemon answered, and its answer was no: gRPC's status, and the daemon's own words. */
export class GrpcRefusal extends AgentError {
  readonly status: GrpcCode;
  /** Without the prefix that the whole message has. */
  readonly words: string;
  constructor(name: string, status: GrpcCode, words: string, cause: unknown) {
    super('daemon-refused', `${name} refuses (${status}): ${words}`, { cause });
    this.status = status;
    this.words = words;
  }
}

/**
 * What the failure of a call means: `daemon-unreachable`, `daemon-lost` when the connection broke under way, `daemon-silent`,
 * `wrong-api` for a method that the daemon does not know, else a GrpcRefusal.
 */
export function meaningOf(daemon: DaemonAddress, method: string, error: unknown): unknown {
  const { code, details } = error as Partial<ServiceError>;
  const status = code === undefined ? undefined : CODES[code];
  if (status === undefined) return error;
  const words = details || (error as Error).message;
  if (status === 'UNAVAILABLE') return unavailable(daemon, words, error);
  const { name, socket, remedies } = daemon;
  const at = `${name} at ${socket}`;
  if (status === 'DEADLINE_EXCEEDED') {
    return new AgentError('daemon-silent', `${at} has not answered ${method} in time`, {
      cause: error,
      remedy: `look at its log (journalctl -u ${name}), and restart it if it hangs`,
    });
  }
  if (status === 'UNIMPLEMENTED') {
    return new AgentError('wrong-api', `${at} does not know ${method}: ${words}`, {
      cause: error,
      remedy: remedies.version,
    });
  }
  return new GrpcRefusal(name, status, words, error);
}

function unavailable({ name, socket, remedies }: DaemonAddress, words: string, cause: unknown): AgentError {
  const errno = /\b(ENOENT|ECONNREFUSED|EACCES|EPERM|ENOTSOCK)\b/.exec(words)?.[1];
  const whys: Record<string, [why: string, remedy: string]> = {
    ENOENT: ['there is no such socket', remedies.start],
    ECONNREFUSED: ['nothing listens there', remedies.start],
    EACCES: ['this user may not', remedies.permission],
    EPERM: ['this user may not', remedies.permission],
    ENOTSOCK: ['that is no socket', remedies.start],
  };
  const known = errno && whys[errno];
  if (known) {
    const [why, remedy] = known;
    return new AgentError('daemon-unreachable', `${name} at ${socket} can’t be asked: ${why}`, {
      cause,
      remedy,
    });
  }
  return new AgentError('daemon-lost', `the connection to ${name} at ${socket} broke: ${words}`, {
    cause,
    remedy: `look whether it runs still, and at its log (journalctl -u ${name})`,
  });
}
