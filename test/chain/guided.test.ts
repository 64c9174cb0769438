import { createTimeline, guided, notesOf, type Timeline } from '@underdock/chain';
import { type Guide, newGuide, readGuide, writeGuide } from '@underdock/trace';
import { beforeAll, describe, expect, it } from 'vitest';
import { recordedTrace } from '../fixtures/traces.ts';

let whole: Timeline;
beforeAll(async () => {
  const { header, events } = await recordedTrace('docker-run');
  whole = createTimeline(header, events);
});
const told = (guide: Partial<Guide>) => guided(whole, { ...newGuide('x'), ...guide });
/** The last event that a told step takes in. */
const seqAt = (index: number) => whole.events[whole.steps[index]!.position - 1]!.seq;

describe('a trace told by a guide', () => {
  it('is the same one where the guide leaves nothing out', () => {
    expect(told({ notes: [{ seq: 1, text: 'look', pause: false }] })).toBe(whole);
  });

  it('begins and ends where the guide says, and knows what came before', () => {
    const from = whole.events[whole.steps[9]!.position]!.seq;
    const part = told({ from, to: seqAt(20) });
    expect(part.steps.map(({ key }) => key)).toEqual(whole.steps.slice(10, 21).map(({ key }) => key));
    expect(part.start).toBe(whole.steps[9]!.position);
    expect(part.stateAt(0)).toEqual(whole.stateAt(part.start));
    expect(part.stateAt(Number.MAX_SAFE_INTEGER)).toEqual(whole.stateAt(whole.steps[20]!.position));
    expect(part.events.at(-1)!.seq).toBe(seqAt(20));
    expect(part.positionAt(0)).toBe(part.start);
    expect(part.stepIndexAt(part.steps[3]!.position)).toBe(3);
    expect(part.stepIndexAt(part.start)).toBe(-1);
  });

  it('leaves out steps by what they are, and one by its event; the picture stays whole', () => {
    const hidden = whole.steps[5]!;
    const part = told({ hide: [{ layer: 'kernel' }, { seq: seqAt(5) }] });
    expect(part.steps.some(({ layer }) => layer === 'kernel')).toBe(false);
    expect(part.steps.some(({ key }) => key === hidden.key)).toBe(false);
    expect(part.steps).toHaveLength(
      whole.steps.filter((step) => step.layer !== 'kernel' && step !== hidden).length,
    );
    expect(part.stateAt(whole.events.length)).toEqual(whole.stateAt(whole.events.length));
  });

  it('hides only what all of a rule holds for', () => {
    const { step, actor } = whole.steps[5]!;
    expect(told({ hide: [{ step, actor: 'nobody' }] }).steps).toEqual(whole.steps);
    expect(told({ hide: [{ step, actor }] }).steps.some((one) => one.step === step)).toBe(false);
  });

  it('goes on at every level, and with what still comes', async () => {
    const { header, events } = await recordedTrace('docker-run');
    const growing = guided(createTimeline(header, events.slice(0, 100)), {
      ...newGuide('x'),
      hide: [{ layer: 'client' }],
    });
    growing.append(events.slice(100));
    const calls = growing.withLevel('calls');
    expect(calls.level).toBe('calls');
    for (const timeline of [growing, calls])
      expect(timeline.steps.some(({ layer }) => layer === 'client')).toBe(false);
    expect(growing.events).toHaveLength(events.length);
  });

  it('loses nothing by a beginning and an end that are not in it', () => {
    expect(told({ from: 999_999, to: 999_999 }).steps).toEqual(whole.steps);
    expect(told({ from: seqAt(20), to: seqAt(3) }).events).toHaveLength(whole.events.length);
  });

  it('has its notes at the step that the event is told with, at every level', () => {
    const note = { seq: seqAt(7), text: 'look', pause: true };
    expect([...notesOf(whole, [note])]).toEqual([[7, [note]]]);
    const fine = whole.withLevel('syscalls');
    const [[index = -1] = []] = notesOf(fine, [note]);
    const { position } = fine.steps[index]!;
    expect(position).toBeGreaterThanOrEqual(whole.steps[7]!.position);
    expect(fine.steps[index - 1]!.position).toBeLessThan(whole.steps[7]!.position);
  });

  it('has no notes from before it begins or from after it ends', () => {
    const note = (index: number) => ({ seq: seqAt(index), text: 'look', pause: false });
    const part = told({ from: whole.events[whole.steps[9]!.position]!.seq, to: seqAt(20) });
    const notes = [note(3), note(9), note(10), note(20), note(21)];
    expect([...notesOf(part, notes)]).toEqual([
      [0, [note(10)]],
      [10, [note(20)]],
    ]);
  });

  it('keeps the notes of steps that are hidden at the next one that is told', () => {
    const note = { seq: seqAt(7), text: 'look', pause: false };
    const part = told({ hide: [{ seq: seqAt(7) }] });
    expect([...notesOf(part, [note, { ...note, seq: 999_999 }])]).toEqual([[7, [note]]]);
    expect(part.steps[7]).toBe(whole.steps[8]);
  });
});

describe('the file of a guide', () => {
  it('is read as it was written', () => {
    const guide: Guide = {
      ...newGuide('run-1'),
      title: 'From docker to pivot_root',
      from: 3,
      hide: [{ step: 'kernel/mount' }],
      notes: [{ seq: 5, title: 'The shim', text: 'It stays.', pause: true }],
    };
    expect(readGuide(writeGuide(guide))).toEqual(guide);
  });

  it.each([
    ['what is not JSON', 'nonsense', 'not JSON'],
    ['a trace', '{"underdock":1}', 'underdockGuide'],
    ['a newer version', '{"underdockGuide":2,"trace":"a"}', 'underdockGuide'],
    ['a note without words', '{"underdockGuide":1,"trace":"a","notes":[{"seq":1}]}', 'notes.0'],
    ['a field that nobody knows', '{"underdockGuide":1,"trace":"a","script":"x"}', 'script'],
    ['a rule that hides everything', '{"underdockGuide":1,"trace":"a","hide":[{}]}', 'hide.0'],
    ['what is too long', 'x'.repeat(1_000_001), '1000000'],
  ])('is refused for %s, and the field is named', (_, text, named) => {
    expect(() => readGuide(text)).toThrow(expect.objectContaining({ code: 'not-a-guide' }));
    expect(() => readGuide(text)).toThrow(named);
  });
});
