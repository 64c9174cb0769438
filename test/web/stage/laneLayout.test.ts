import { createTimeline, timeLanes } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { markAt, placeLanes, ROW, roundInstants, rowTop } from '../../../apps/web/src/stage/laneLayout.ts';
import { recordedTrace } from '../../fixtures/traces.ts';

const { header, events } = await recordedTrace('runc');
const timeline = createTimeline(header, events);
const { lanes } = timeLanes(timeline.stateAt(events.length), timeline.events, 'story');

describe('the lanes on the page', () => {
  it('lie below one another without a gap', () => {
    const { placed, height } = placeLanes(lanes);
    for (const [i, { top }] of placed.entries()) {
      if (i > 0) expect(top).toBe(placed[i - 1]!.top + placed[i - 1]!.height);
    }
    expect(placed.at(-1)!.top + placed.at(-1)!.height).toBe(height);
  });

  it('give a pointer the shortest mark that it is on, and none in an empty place', () => {
    const { placed } = placeLanes(lanes);
    const x = (at: number) => at;
    for (const place of placed) {
      for (const mark of place.lane.marks) {
        const found = markAt(
          placed,
          { left: (mark.begin + mark.end) / 2, top: rowTop(place, mark) + ROW / 2 },
          x,
        );
        expect(found!.end - found!.begin).toBeLessThanOrEqual(mark.end - mark.begin);
      }
    }
    expect(markAt(placed, { left: -100, top: 40 }, x)).toBeUndefined();
    expect(markAt(placed, { left: 10, top: 5 }, x)).toBeUndefined();
  });
});

describe('the ruler', () => {
  it('has round instants that are far enough apart', () => {
    expect(roundInstants(0, 1000, 180)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(roundInstants(13, 14.05, 0.3)).toEqual([13, 13.5, 14]);
    expect(roundInstants(0, 10, 0)).toEqual([]);
    expect(roundInstants(0, Number.MAX_VALUE, 1).length).toBeLessThanOrEqual(1000);
  });
});
