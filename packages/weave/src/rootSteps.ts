import type { RootRecord } from './record.ts';

const RUNTIME_STEPS = new Set([
  'create',
  'start',
  'state',
  'kill',
  'delete',
  'exec',
  'run',
  'update',
  'pause',
  'resume',
]);

/** The act that a program of the chain is, from its role and verb; undefined = none of its own. */
export function tellRoot({ role, actor, argv, verb }: RootRecord) {
  if (role === 'client') return { step: 'client/command', layer: 'client', data: { argv } } as const;
  if (role === 'monitor')
    return { step: 'high-level/start-shim', layer: 'high-level', data: { argv } } as const;
  // Without a verb it is the shim itself, which its own start has left behind.
  if (role === 'shim')
    return verb
      ? ({ step: 'high-level/start-shim', layer: 'high-level', data: { argv } } as const)
      : undefined;
  const step = verb && RUNTIME_STEPS.has(verb) ? `low-level/${verb}` : 'low-level/call';
  return { step, layer: 'low-level', data: { runtime: actor, argv } } as const;
}

/** How what such a program does is seen: a low-level runtime's acts are told apart. */
export function roleOf({ role }: RootRecord): 'runtime' | 'child' {
  return role === 'runtime' ? 'runtime' : 'child';
}
