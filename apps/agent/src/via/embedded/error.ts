import { AgentError } from '../../error.ts';

/** Something in the embedded chain that failed in a way the user can act on: its exit code may be docker's 126 or 127. */
export class EmbeddedError extends AgentError {
  override name = 'EmbeddedError';
}
