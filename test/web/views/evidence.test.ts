import { createTimeline } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { asOf } from '../../../apps/web/src/views/asOf.ts';
import { changeOf } from '../../../apps/web/src/views/evidence/change.ts';
import { bytes, duration, shownFields } from '../../../apps/web/src/views/evidence/values.ts';
import { findStep } from '../../../apps/web/src/views/usePicked.ts';
import { sampleEvents, sampleHeader } from '../../fakes/sampleTrace.ts';

const fact = (step: string, data: Record<string, unknown>) =>
  ({ seq: 1, step, data }) as unknown as TraceEvent;

describe('a fact', () => {
  it('of a namespace says what it was before and what it is now', () =>
    expect(
      changeOf(fact('kernel/has-namespace', { kind: 'pid', inode: '2', hostInode: '1', own: true })),
    ).toEqual({
      seq: 1,
      what: 'pid namespace',
      before: '1 (the host’s)',
      after: '2 (its own)',
    }));

  it('that something is gone shows what it was', () =>
    expect(
      changeOf(fact('kernel/has-cgroup', { path: '/a', controllers: ['pids'], gone: true })),
    ).toMatchObject({
      before: '/a',
      after: 'gone',
    }));

  it('that nobody knows is shown plainly', () =>
    expect(changeOf(fact('kernel/has-wings', { count: 2 }))).toMatchObject({
      what: 'kernel/has-wings',
      after: '{"count":2}',
    }));

  it('in every sample trace has words', () => {
    for (const event of sampleEvents('oom').filter(({ type }) => type === 'fact'))
      expect(changeOf(event).after, event.step).not.toMatch(/undefined|null|NaN|\[object/);
  });
});

describe('fields', () => {
  it('have names and units for people', () =>
    expect(shownFields({ totalBytes: 1536, graceMs: 10_000, argv: ['a', 'b'], readOnly: true })).toEqual([
      { name: 'size', value: '1.5 KiB', mono: false },
      { name: 'grace', value: '10.00 s', mono: false },
      { name: 'command line', value: 'a b', mono: true },
      { name: 'read-only', value: 'yes', mono: false },
    ]));

  it('that are empty or shown elsewhere are left out', () =>
    expect(shownFields({ flags: [], error: 'EPERM', message: 'no', config: {}, source: '' })).toEqual([]));

  it('shorten digests and leave everything else whole', () => {
    const [field] = shownFields({ digest: `sha256:${'a'.repeat(64)}` });
    expect(field!.value).toBe(`sha256:${'a'.repeat(12)}…`);
  });

  it.each([
    [512, '512 B'],
    [67_108_864, '64 MiB'],
    [1_843_200, '1.76 MiB'],
  ])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

  it.each([
    [0.25, '0.25 ms'],
    [9.5, '9.5 ms'],
    [412.3, '412 ms'],
    [61_000, '1 min 1 s'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('a step', () => {
  const timeline = createTimeline(sampleHeader('a'), sampleEvents('failed'));
  const create = timeline.steps.find((step) => step.step === 'low-level/create')!;

  it('does not tell its end before it is there', () => {
    expect(create.end).toBeDefined();
    expect(asOf(create, create.at)).toMatchObject({ end: undefined, durationMs: undefined });
    expect(asOf(create, create.end!.at)).toBe(create);
  });

  it('is found by its span, by an event of it and among those that are not told', () => {
    const end = timeline.events.length;
    expect(findStep(timeline, { span: create.span }, end)).toBe(create);
    const mount = timeline.events.find((event) => event.step === 'kernel/mount')!;
    expect(findStep(timeline, { span: mount.span }, end)?.step).toBe('kernel/mount');
    expect(findStep(timeline, { seq: 1 }, end)?.step).toBe('client/run');
    expect(findStep(timeline, { span: create.span }, 3)).toBeUndefined();
  });
});
