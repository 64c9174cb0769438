import { realpath } from 'node:fs/promises';
import { AgentError } from '../error.ts';

/**
 * A runtime's path is a program of the host that runs with our rights, and a container can have written it: only those
 * that were named at the start are run, by the very path: a link to one could lead elsewhere when it is run. Who may mount
 * the host's root needs no such way. Rejects with AgentError `runtime-not-allowed`.
 */
export async function checkRuntimePath(
  wanted: string | undefined,
  allowed: readonly string[],
  allowedMounts: readonly string[],
): Promise<void> {
  if (!wanted?.includes('/') || allowedMounts.includes('/')) return;
  const real = (path: string) => realpath(path).catch(() => undefined);
  const [file, ...known] = await Promise.all([wanted, ...allowed].map(real));
  if (file !== undefined && known.includes(file) && [...allowed, file].includes(wanted)) return;
  throw new AgentError('runtime-not-allowed', `the program ${wanted} may not be run as a runtime here`, {
    remedy: `choose a runtime by its name, or start underdock with --allow-runtime ${wanted}`,
  });
}
