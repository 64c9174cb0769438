import { createTimeline } from '@underdock/chain';
import {
  explain,
  GLOSSARY,
  MAX_SENTENCE,
  reasonOf,
  STORIES,
  type StepStory,
  sentenceFor,
  sentenceForStep,
} from '@underdock/story';
import { STEPS, type TraceEvent } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { fill, slotsOf } from '../../packages/story/src/template.ts';
import { events } from '../chain/events.ts';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';

/** Slots that every step has: who, whose, and what went wrong; and what a bundle says of its members. */
const COMMON = ['actor', 'pid', 'init', 'container', 'error', 'message', 'remedy', 'off', 'alone'];
const OF_BUNDLES = ['count', 'kinds', 'attachedPid'];
const FORBIDDEN =
  /\b(simply|just|easy|easily|obviously|please|stage|phase|session|jobs?|util|utils|helper|manager|handler|invalid|blazing|seamless|powerful)\b|!/i;

const stories = Object.entries(STORIES);
const templatesOf = (story: StepStory): string[] => [
  ...story.does,
  ...(story.answers ?? []),
  ...(story.many ?? []),
  ...(story.manyGone ?? []),
  ...(story.gone ?? []),
  ...(story.failed ?? []),
  ...(story.tryIt ?? []),
];

describe('the story of the steps', () => {
  it('tells every step of the catalogue, and no other', () => {
    expect(stories.map(([step]) => step).sort()).toEqual(Object.keys(STEPS).sort());
  });

  it.each(stories)('%s: uses only slots that its events carry', (step, story) => {
    const documented: string = STEPS[step as keyof typeof STEPS].data;
    const fields = new Set([...(documented.match(/[A-Za-z0-9]+/g) ?? []), ...COMMON, ...OF_BUNDLES]);
    for (const template of templatesOf(story)) {
      const condition = template.match(/^\?(\w+) /)?.[1];
      for (const field of [
        ...slotsOf(template).map((slot) => slot.field),
        ...(condition ? [condition] : []),
      ]) {
        expect(fields, `${field} in “${template}”`).toContain(field);
      }
    }
  });

  it.each(stories)('%s: can be told even when nothing is known', (step, story) => {
    const isAct = STEPS[step as keyof typeof STEPS].kind === 'act';
    const [event] = events({ step, type: isAct ? 'begin' : 'log' });
    expect(sentenceFor(event!).text).not.toBe('');
    for (const [part, values] of [
      ['does', { actor: 'x' }],
      ['answers', { actor: 'x' }],
      ['many', { actor: 'x', count: 2 }],
      ['failed', { actor: 'x', error: 'EPERM' }],
    ] as const) {
      const templates = story[part];
      if (templates)
        expect(
          templates.some((one) => fill(one, values) !== undefined),
          part,
        ).toBe(true);
    }
    if (isAct && step !== 'engine/hold' && step !== 'client/run')
      expect(story.failed, 'failed').toBeDefined();
  });

  it.each(stories)('%s: is plain, short and without forbidden words', (_step, story) => {
    const prose = [story.title, story.why, ...templatesOf({ ...story, tryIt: [] })];
    for (const text of prose) expect(text).not.toMatch(FORBIDDEN);
    for (const text of templatesOf({ ...story, tryIt: [] })) {
      expect(text.length).toBeLessThan(130);
      expect(text).not.toMatch(/\.$/);
    }
    expect(story.title.length).toBeLessThan(32);
    expect(story.why.length).toBeLessThan(480);
    expect(story.why).toMatch(/\.$/);
    expect(story.see.length).toBeGreaterThan(0);
    for (const { href } of story.see) expect(new URL(href).protocol).toBe('https:');
    for (const term of story.terms ?? []) expect(Object.keys(GLOSSARY)).toContain(term);
  });

  it('explains every term in one plain sentence, and has none that no step uses', () => {
    const used = new Set(stories.flatMap(([, story]) => story.terms ?? []));
    for (const [key, { means }] of Object.entries(GLOSSARY)) {
      expect(used, key).toContain(key);
      expect(means).not.toMatch(FORBIDDEN);
      expect(means.length).toBeLessThan(110);
    }
  });
});

describe('a sentence', () => {
  it('is filled with this run’s values', () => {
    const [event] = events({
      step: 'kernel/unshare',
      type: 'begin',
      actor: { name: 'runc:[1:CHILD]' },
      data: { namespaces: ['pid', 'net', 'mnt'] },
    });
    expect(sentenceFor(event!).text).toBe(
      'runc:[1:CHILD] asks the kernel for its own view of processes, the network and mounts',
    );
  });

  it('says a limit in its unit and leaves other values as they were written', () => {
    const written = (name: string, value: string) =>
      sentenceFor(events({ step: 'kernel/cgroup-write', type: 'begin', data: { name, value } })[0]!).text;
    expect(written('memory.max', '67108864\n')).toBe('The limit of 64 MiB is written into memory.max');
    expect(written('pids.max', '256')).toBe('The limit of 256 processes is written into pids.max');
    expect(written('cpu.max', '50000 100000')).toBe('The limit of 0.5 cpus is written into cpu.max');
    expect(written('memory.max', 'max')).toBe('“max” is written into memory.max: no limit');
    expect(written('devices.allow', 'c 1:3 rwm')).toBe('“c 1:3 rwm” is written into devices.allow');
  });

  it('tells what went wrong instead of what was meant', () => {
    const [event] = events({
      step: 'kernel/unshare',
      type: 'end',
      data: { namespaces: ['net'], error: 'EPERM', message: 'operation not permitted' },
    });
    expect(sentenceFor(event!).text).toBe(
      'Its own view of the network is refused: EPERM: operation not permitted',
    );
  });

  it('does not claim a restriction that is not in force', () => {
    const [on, off] = events(
      { step: 'kernel/has-restriction', type: 'fact', data: { kind: 'no-new-privs', value: true } },
      { step: 'kernel/has-restriction', type: 'fact', data: { kind: 'seccomp', value: 'disabled' } },
    );
    expect(sentenceFor(on!).text).toBe('In force for the process: no new privileges');
    expect(sentenceFor(off!).text).toBe('Not in force for the process: a filter for system calls');
  });

  it('never reads a value as a template, and stays on one line', () => {
    const [event] = events({
      step: 'low-level/command',
      type: 'begin',
      data: { text: 'echo {pid}\necho [x] {actor|short} $& $1', why: 'print {init}' },
    });
    expect(sentenceFor(event!).text).toBe(
      'By hand, to print {init}: echo {pid} echo [x] {actor|short} $& $1',
    );
  });

  it('says in words what an engine or a daemon is asked to do, beside the call’s real name', () => {
    const asked = (step: string, data: Record<string, unknown>) =>
      sentenceFor(events({ step, type: 'begin', data })[0]!).text;
    expect(asked('engine/request', { method: 'POST', path: '/v1.41/containers/create' })).toBe(
      'The engine is asked to create a container: POST /containers/create',
    );
    expect(asked('engine/query', { method: 'GET', path: '/v1.41/plugins/x/json' })).toBe(
      'The engine is asked: GET /plugins/x/json',
    );
    expect(asked('high-level/shim-request', { method: 'containerd.task.v2.Task/Create', id: 'x' })).toBe(
      'The shim is asked to have the runtime build the container: Task/Create',
    );
  });

  it('tells an unknown step plainly', () => {
    const [event] = events({ step: 'kernel/bend-time', actor: { name: 'runc' } });
    expect(sentenceFor(event!)).toEqual({ text: 'runc: bend time', terms: [] });
  });

  it('is cut where a value is endless', () => {
    const [event] = events({ step: 'low-level/log', data: { message: 'x'.repeat(5000) } });
    expect(sentenceFor(event!).text.length).toBeLessThanOrEqual(MAX_SENTENCE);
  });
});

describe('real runs', () => {
  it.each(RECORDED)('are told in whole sentences at every level: %s', async (name) => {
    const { header: real, events: all } = await recordedTrace(name);
    const timeline = createTimeline(real, all);
    for (const level of ['story', 'calls', 'syscalls'] as const) {
      for (const step of timeline.withLevel(level).steps) {
        const { text } = sentenceForStep(step, timeline.stateAt(step.position));
        expect(text).not.toMatch(/undefined|NaN|\[object|\{\w+(\|\w+)?\}/);
        expect(text.length).toBeGreaterThan(5);
        expect(text.length).toBeLessThanOrEqual(MAX_SENTENCE);
        expect(text).toBe(text.trim());
      }
    }
  });

  it('do not give an answer away with the question', async () => {
    const { header: real, events: all } = await recordedTrace('no-such-command');
    const { steps } = createTimeline(real, all);
    const told = (key: string) => sentenceForStep(steps.find((step) => step.key === key)!).text;
    const create = steps.find(({ step, part }) => step === 'low-level/create' && part === 'asks')!;
    expect(told(create.key)).toBe('runc begins to build the container from the bundle');
    expect(told(`${create.key}/answer`)).toMatch(/^runc can’t build the container: there is no command/);
  });

  it('offer commands with this run’s pids', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    const timeline = createTimeline(real, all);
    const step = timeline.steps.findLast(({ step: name }) => name === 'kernel/pivot-root')!;
    const state = timeline.stateAt(step.position);
    const init = state.containers[state.container]!.init;
    expect(explain(step.event, state)).toMatchObject({
      title: 'A new root',
      tryIt: [`ls -l /proc/${init}/root`, `ls /proc/${init}/root/`],
    });
    expect(explain(events({ step: 'kernel/bend-time' })[0]!)).toBeUndefined();
  });
});

describe('why something is written into a cgroup file', () => {
  const reason = (name: string, count = 1) =>
    reasonOf({ step: 'kernel/cgroup-write', count, event: { data: { name } } as unknown as TraceEvent });

  it('is a limit only where it is one', () => {
    for (const name of ['memory.max', 'memory.limit_in_bytes', 'cpu.cfs_quota_us', 'pids.max'])
      expect(reason(name)).toContain('--memory');
    for (const name of [
      'freezer.state',
      'cgroup.freeze',
      'devices.deny',
      'cgroup.procs',
      'notify_on_release',
    ])
      expect(reason(name)).not.toContain('--memory');
    expect(reason('freezer.state')).toContain('FROZEN');
    expect(reason('memory.max', 13)).toBe(reason('notify_on_release'));
  });
});
