import type { RunRequest, Via } from '@underdock/trace';
import { findEngines } from '../daemons/findEngine.ts';

/** The ways in that this version can take. */
export const READY_VIAS: readonly Via[] = ['embedded', 'docker', 'compose', 'containerd', 'cri', 'oci'];

/** Which way to take when none was named, and what to say about it. */
export interface Choice {
  via: Exclude<Via, 'watch'>;
  says: string;
}

/** Docker if an engine was named or one answers, else embedded; embedded for what no docker engine can do. */
export async function chooseVia(
  env: Record<string, string | undefined>,
  request: Partial<Pick<RunRequest, 'engine' | 'socket' | 'runtime' | 'bundle' | 'config'>> = {},
): Promise<Choice> {
  if (request.bundle !== undefined || request.config !== undefined)
    return { via: 'oci', says: 'via oci: a bundle of one’s own is for a low-level runtime alone' };
  if (request.socket !== undefined) return { via: 'docker', says: `via docker at ${request.socket}` };
  if (request.engine !== undefined)
    return { via: 'docker', says: `via docker: --engine ${request.engine} asks for it` };
  // A docker engine knows its runtimes by names of its own.
  if (request.runtime === 'by-hand' || request.runtime?.includes('/'))
    return {
      via: 'embedded',
      says: `via embedded: --runtime ${request.runtime} is for underdock’s own engine`,
    };
  const answering = (await findEngines(env)).find(({ version }) => version !== undefined);
  if (!answering) return { via: 'embedded', says: 'via embedded: no docker answers here' };
  const { socket, version } = answering;
  return { via: 'docker', says: `via docker ${version?.version} at ${socket}` };
}
