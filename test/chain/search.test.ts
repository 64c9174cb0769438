import { createTimeline, fitsMark, searchOf, timeLanes } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { recordedTrace } from '../fixtures/traces.ts';

const { header, events } = await recordedTrace('docker-run');
const timeline = createTimeline(header, events);
const lanes = timeLanes(timeline.stateAt(events.length), timeline.events, 'syscalls');
const bySeq = new Map(events.map((event) => [event.seq, event]));
const found = (typed: string) => {
  const search = searchOf(typed)!;
  return lanes.lanes.flatMap((lane) =>
    lane.marks
      .filter((mark) =>
        fitsMark(search, mark, lane.name, bySeq.get(mark.call?.beginSeq ?? mark.event?.seq ?? 0)),
      )
      .map((mark) => ({ ...mark, lane: lane.name })),
  );
};

describe('searching a trace', () => {
  it('finds by step, actor, layer and pid, and all of them together', () => {
    const mounts = found('step:kernel/mount');
    expect(mounts.length).toBeGreaterThan(10);
    expect(new Set(mounts.map(({ step }) => step))).toEqual(new Set(['kernel/mount']));
    expect(new Set(found('layer:engine').map(({ layer }) => layer))).toEqual(new Set(['engine']));
    const pid = mounts[0]!.call!.beginSeq && bySeq.get(mounts[0]!.call!.beginSeq)!.actor.pid!;
    const ofPid = found(`pid:${pid} step:mount`);
    expect(ofPid.length).toBeGreaterThan(0);
    expect(ofPid.length).toBeLessThanOrEqual(mounts.length);
    expect(found(`actor:runc step:mount`).length).toBeGreaterThan(0);
    expect(found('actor:dockerd step:kernel/mount')).toEqual([]);
  });

  it('finds words in names and in values that were said, whatever their case', () => {
    expect(found('MEMORY.LIMIT_IN_BYTES').length).toBeGreaterThan(0);
    expect(found('67108864').map(({ step }) => step)).toContain('kernel/cgroup-write');
    expect(found('"tasks/create"').length).toBeGreaterThan(0);
    expect(found('nobody ever said this')).toEqual([]);
  });

  it('finds what failed', () => {
    const failed = found('failed');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every((mark) => mark.failed)).toBe(true);
  });

  it('looks for nothing where nothing was typed', () => {
    for (const typed of ['', '  ', 'pid:', 'step:""']) expect(searchOf(typed)).toBeUndefined();
  });
});
