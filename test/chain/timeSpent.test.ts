import { createTimeline, layerTimes, timeLanes, WorkEdges } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';

const traces = await Promise.all(RECORDED.map(recordedTrace));
const stateOf = ({ header, events }: (typeof traces)[number]) => {
  const timeline = createTimeline(header, events);
  return { timeline, state: timeline.stateAt(events.length) };
};

describe('where the time of a trace went', () => {
  it.each(traces)('adds up to the whole: $name', (trace) => {
    const { state } = stateOf(trace);
    const edges = new WorkEdges(state);
    for (const [from, to] of [
      [0, state.at],
      [state.at * 0.3, state.at * 0.4],
      [state.at / 2, state.at / 2],
    ] as const) {
      const { layers, nobodyMs, wholeMs } = edges.between(from, to);
      const own = Object.values(layers).reduce((sum, { selfMs }) => sum + selfMs, 0);
      expect(own + nobodyMs).toBeCloseTo(wholeMs, 6);
      expect(wholeMs).toBeCloseTo(to - from, 9);
    }
  });

  it('of its parts is that of the whole', () => {
    const { state } = stateOf(traces.find(({ name }) => name === 'docker-run')!);
    const edges = new WorkEdges(state);
    const parts = [0, 1, 2, 3, 4].map((i) => edges.between((state.at * i) / 5, (state.at * (i + 1)) / 5));
    for (const [layer, time] of Object.entries(layerTimes(state))) {
      const sum = (what: 'selfMs' | 'waitingMs') =>
        parts.reduce((all, { layers }) => all + layers[layer as 'kernel'][what], 0);
      expect(sum('selfMs')).toBeCloseTo(time.selfMs, 6);
      expect(sum('waitingMs')).toBeCloseTo(time.waitingMs, 6);
    }
  });
});

describe('the lanes of a trace', () => {
  it.each(traces)('hold every call once, and nothing overlaps in a line but in the last: $name', (trace) => {
    const { timeline, state } = stateOf(trace);
    const { lanes, byKey } = timeLanes(state, timeline.events, 'syscalls');
    const marks = lanes.flatMap((lane) => lane.marks);
    expect(byKey.size).toBe(marks.length);
    for (const { key } of state.calls) expect(byKey.has(key)).toBe(true);
    expect(marks.filter(({ call }) => call)).toHaveLength(state.calls.length);
    for (const { marks: own, rows } of lanes) {
      const ends: number[] = [];
      for (const { row, begin, end } of own) {
        if (row < 3) expect(begin).toBeGreaterThanOrEqual(ends[row] ?? 0);
        ends[row] = end;
        expect(row).toBeLessThan(rows);
      }
    }
  });

  it('lead to the place where what they show has just been folded', () => {
    const { timeline, state } = stateOf(traces.find(({ name }) => name === 'runc')!);
    for (const lane of timeLanes(state, timeline.events, 'calls').lanes) {
      for (const { call, position } of lane.marks) {
        const event = timeline.events[position - 1]!;
        if (call) expect([call.beginSeq, call.endSeq]).toContain(event.seq);
      }
    }
  });

  it('show each container’s life', () => {
    const { timeline, state } = stateOf(traces.find(({ name }) => name === 'docker-start-three')!);
    const { byKey } = timeLanes(state, timeline.events, 'story');
    const lives = [...byKey.keys()].filter((key) => key.startsWith('life/'));
    expect(lives).toHaveLength(3);
    expect(lives.every((key) => byKey.get(key)!.mark.position > 0)).toBe(true);
  });
});
