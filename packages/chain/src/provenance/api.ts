import type { Act, Seen } from './seen.ts';
import { type DraftLink, link, type ProvenanceGap, type Saying } from './types.ts';
import { at } from './values.ts';
import { noRequest } from './why.ts';

/** What a field of the request says; undefined when it says nothing (`null`, or the API's zero for “not asked for”). */
export type ReadField = (
  value: unknown,
  body: Readonly<Record<string, unknown>>,
) => (Omit<Saying, 'what'> & { what?: string }) | false | undefined;

/**
 * The engine's API: the newest request that has one of the fields, and what inspect answered. A request has its fields at
 * the top where inspect has them under `Config`.
 */
export function apiLinks(
  seen: Seen,
  fields: readonly string[],
  read: ReadField,
): (DraftLink | ProvenanceGap)[] {
  const links: DraftLink[] = [];
  for (const grade of ['observed', 'read-back'] as const) {
    const bodies = seen.bodies.filter(
      ({ event }) => (event.grade === 'read-back') === (grade === 'read-back'),
    );
    const found = bodies.toReversed().flatMap(({ event, body }) => {
      for (const what of fields) {
        const value = at(body, what) ?? at(body, what.replace(/^Config\./, '')) ?? body[what];
        const saying = value === undefined || value === null ? undefined : read(value, body);
        const name = event.grade === 'read-back' ? what : what.replace(/^Config\./, '');
        if (saying) return [link('api', event, { ...saying, what: saying.what || name })];
      }
      return [];
    });
    if (found[0]) links.push(found[0]);
  }
  return links.length > 0 ? links : [noRequest(seen)];
}

/** The newest of the acts that has taken effect, else the newest that was refused. */
export function effective(acts: readonly Act[], fits: (act: Act) => boolean): Act | undefined {
  const fitting = acts.filter(fits);
  return fitting.findLast(({ error }) => error === undefined) ?? fitting.at(-1);
}

/** The link of an act; what was refused by the kernel holds nothing and says so. */
export function actLink(act: Act, saying: Saying): DraftLink {
  if (act.error === undefined) return link('kernel', act.event, saying);
  const { holds: _, ...rest } = saying;
  return link('kernel', act.event, { ...rest, note: `the kernel refused it: ${act.error}` });
}

/** Acts of a step, oldest first. */
export function actsOf(seen: Seen, ...steps: string[]): readonly Act[] {
  return steps
    .flatMap((step) => seen.acts.get(step) ?? [])
    .sort((a, b) => a.event.at - b.event.at || a.event.seq - b.event.seq);
}

/** The newest fact of a step that was read back, and not before `after`: what was read earlier is no witness of a later act. */
export function readBack(
  seen: Seen,
  step: string,
  fits: (data: Readonly<Record<string, unknown>>) => boolean,
  after?: Act,
) {
  return seen.facts.findLast(
    (fact) =>
      fact.step === step &&
      fact.grade === 'read-back' &&
      fits(fact.data) &&
      (after === undefined || fact.at >= after.event.at),
  );
}
