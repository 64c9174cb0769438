import type { TraceEvent } from '@underdock/trace';

/** What a comparison must count of a trace, told line by line, without the fold that the comparison stands on. */
export function recounted(events: readonly TraceEvent[]): {
  calls: number;
  syscalls: number;
  processes: number;
} {
  const above = ['client', 'engine', 'high-level', 'low-level'];
  const logs = ['kernel/execve', 'kernel/cgroup-mkdir', 'kernel/cgroup-rmdir'];
  const told = events.filter(({ step }) => !step.startsWith('trace/'));
  const kernel = told.filter(({ layer }) => layer === 'kernel');
  return {
    calls: told.filter(({ type, layer }) => type === 'begin' && above.includes(layer)).length,
    syscalls: kernel.filter(({ type, step }) => type === 'begin' || (type === 'log' && logs.includes(step)))
      .length,
    processes: birthsIn(told),
  };
}

function birthsIn(events: readonly TraceEvent[]): number {
  const alive = new Set<unknown>();
  let births = 0;
  for (const { step, data } of [...events].sort((a, b) => a.at - b.at || a.seq - b.seq)) {
    if (step !== 'process/has-process') continue;
    if (data.alive === false || data.gone === true) alive.delete(data.pid);
    else if (!alive.has(data.pid)) {
      alive.add(data.pid);
      births++;
    }
  }
  return births;
}
