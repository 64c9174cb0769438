import { createTimeline, guided, notesOf, type ToldStep } from '@underdock/chain';
import { explain } from '@underdock/story';
import type { Guide, TraceEvent, TraceHeader } from '@underdock/trace';
import { wordsOf } from './play/frame.ts';
import { tame } from './words.ts';

/**
 * A run’s story as text to be read: when, which layer, who, what; told steps in their order, a line each; then where to read on.
 * Told by a guide with its chapters and words.
 */
export function storyText(header: TraceHeader, events: readonly TraceEvent[], guide?: Guide): string {
  const whole = createTimeline(header, events, 'story');
  const timeline = guide ? guided(whole, guide) : whole;
  const notes = notesOf(timeline, guide?.notes ?? []);
  const host = header.host;
  const lines = timeline.steps.flatMap((step, index) => {
    const own = notes.get(index) ?? [];
    const chapters = own.flatMap(({ title }) => (title ? ['', `## ${title}`] : []));
    const said = own.flatMap(({ text }) => text?.split('\n').map((line) => `${' '.repeat(14)}${line}`) ?? []);
    const line = `${step.at.toFixed(1).padStart(9)} ms  ${step.layer.padEnd(10)}  ${step.actor}  ${wordsOf(step, timeline)}`;
    return [...chapters, line, ...said];
  });
  const gaps = header.watchers
    .filter(({ state }) => state === 'missing')
    .map(({ layer, name, why }) => `not watched: the ${layer} layer by ${name} (${why ?? 'unknown why'})`);
  return `${[
    ...(guide?.title ? [guide.title] : []),
    `$ ${header.command.join(' ')}`,
    `recorded ${header.startedAt}, kernel ${host.kernel} (${host.arch}), cgroups ${host.cgroup}`,
    ...gaps,
    '',
    ...lines,
    '',
    ...readings(timeline.steps),
  ]
    .map(tame)
    .join('\n')}\n`;
}

/** Where the steps are described, each place once, in the order in which the story comes by. */
function readings(steps: readonly ToldStep[]): string[] {
  const titles = new Map<string, string>();
  for (const { event } of steps) {
    const [first] = explain(event)?.see ?? [];
    if (first) titles.set(first.href, first.title);
  }
  return ['to read on:', ...[...titles].map(([href, title]) => `  ${title}: ${href}`)];
}
