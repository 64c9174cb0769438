import { containersOf, createTimeline } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { lanesOf } from '../../../apps/web/src/views/laneMarks.ts';
import { events, header } from '../../chain/events.ts';

const [db, api] = ['d'.repeat(64), 'a'.repeat(64)];
const start = (name: string, span: string) => ({
  step: 'engine/request',
  type: 'begin' as const,
  span,
  data: { method: 'POST', path: `/v1.41/containers/${name}/start` },
});
const noted = (container: string, cause: string) => ({
  step: 'high-level/create-container',
  type: 'begin' as const,
  span: `of ${cause}`,
  cause: [cause],
  container,
});
const lanes = (...given: Parameters<typeof events>) => {
  const timeline = createTimeline({ ...header, via: 'watch' }, events(...given));
  return lanesOf(timeline.steps, containersOf(timeline.stateAt(timeline.events.length)));
};

describe('the lanes below the picture', () => {
  it('are the layers while there is one container', () => {
    const all = lanes(start('db', 's1'), noted(db, 's1'));
    expect(all.map(({ name, marks }) => [name, marks.length])).toEqual([
      ['client', 0],
      ['engine', 1],
      ['high-level', 1],
      ['low-level', 0],
      ['kernel', 0],
      ['process', 0],
    ]);
  });

  it('are the containers by name where there are several, in the order in which they begin', () => {
    const all = lanes(start('shop-db', 's1'), noted(db, 's1'), start('shop-api', 's2'), noted(api, 's2'));
    expect(all.map(({ name, marks }) => [name, marks.map(({ index }) => index)])).toEqual([
      ['command', [0, 2]],
      ['shop-db', [1]],
      ['shop-api', [3]],
    ]);
  });

  it('put those that find no room together', () => {
    const many = Array.from({ length: 9 }, (_, i) => noted(String(i).repeat(64), 's1'));
    expect(
      lanes(start('x', 's1'), ...many.map((one, i) => ({ ...one, span: `n${i}` }))).map(({ name }) => name),
    ).toEqual(['command', ...['x', 'x', 'x', 'x'], '5 others']);
  });
});
