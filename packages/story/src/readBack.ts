import type { ToldStep } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';

/** What is read back, one and many of it. */
const NOUNS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  'kernel/has-namespace': ['namespace', 'namespaces'],
  'kernel/has-restriction': ['restriction', 'restrictions'],
  'kernel/has-cgroup': ['cgroup', 'cgroups'],
  'kernel/has-cgroup-value': ['limit', 'limits and counters'],
  'kernel/has-mount': ['mount', 'mounts'],
  'process/has-process': ['process', 'processes'],
  'high-level/has-config': ['config.json', 'config.json files'],
};

/** The sentence for facts of several kinds that were read back in one go; undefined for any other bundle. */
export function readBackSentence(step: ToldStep): string | undefined {
  const counts = new Map<string, number>();
  for (const { event } of step.members) {
    if (event.grade !== 'read-back' || event.type !== 'fact' || event.data.gone === true) return undefined;
    const kind = Object.hasOwn(NOUNS, event.step) ? event.step : 'others';
    if (!isOff(event)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  if (counts.size < 2) return undefined;
  const parts = [...counts].map(([name, count]) => {
    const [one, many] = NOUNS[name] ?? ['other fact', 'other facts'];
    return `${count} ${count === 1 ? one : many}`;
  });
  return `Read back as a second witness: ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** A restriction that was looked for and is not in force. */
export function isOff(event: TraceEvent): boolean {
  const { value } = event.data;
  return event.step === 'kernel/has-restriction' && (value === false || value === 0 || value === 'disabled');
}
