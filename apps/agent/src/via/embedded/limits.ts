import type { RunRequest } from '@underdock/trace';
import { DEFAULT_LIMITS } from './bundle/resources.ts';
import { parseSize } from './bundle/sizes.ts';

/** The limits of a container, and which of them nobody asked for. */
export interface EffectiveLimits {
  /** Bytes. */
  memory: number;
  /** Number of processors; absent = unlimited. */
  cpus?: number;
  /** -1 = unlimited. */
  pidsLimit: number;
  /** The names of those that are underdock's own defaults. */
  defaults: string[];
}

/** What `engine/create-container` says about limits. Throws EmbeddedError `bad-size`. */
export function effectiveLimits(request: Pick<RunRequest, 'memory' | 'cpus' | 'pidsLimit'>): EffectiveLimits {
  const { memory, cpus, pidsLimit } = request;
  return {
    memory: memory === undefined ? DEFAULT_LIMITS.memory : parseSize(memory, '--memory'),
    ...(cpus === undefined ? {} : { cpus }),
    pidsLimit: pidsLimit ?? DEFAULT_LIMITS.pidsLimit,
    defaults: [
      ...(memory === undefined ? ['memory'] : []),
      ...(pidsLimit === undefined ? ['pidsLimit'] : []),
    ],
  };
}
