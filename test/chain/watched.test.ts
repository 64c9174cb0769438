import { createTimeline, foldTo } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { header as embedded, events } from './events.ts';

const header = { ...embedded, via: 'watch' as const };
const id = 'c'.repeat(64);
const docker = { name: 'docker', pid: 5 };
const typed = {
  step: 'client/command',
  type: 'begin' as const,
  span: 'c',
  actor: docker,
  data: { argv: ['docker'] },
};
const over = (exitCode: number) => ({
  step: 'client/command',
  type: 'end' as const,
  span: 'c',
  actor: docker,
  data: { exitCode },
});
const runs = {
  step: 'engine/has-container',
  type: 'fact' as const,
  container: id,
  data: { state: 'running' },
};
const asked = (step: string, data: object) => [
  { step, type: 'begin' as const, span: 'q', data: { ...data } },
  { step, type: 'end' as const, span: 'q', data: { error: 'failed' } },
];

describe('a run that somebody else began', () => {
  it('is over when the command has ended and no container of it lives', () => {
    const gone = { ...runs, data: { state: 'stopped', gone: true } };
    const [all] = [events(typed, runs, over(0), gone)];
    expect(foldTo(header, all.slice(0, 3))).toMatchObject({ finished: false, exitCode: 0 });
    expect(foldTo(header, all)).toMatchObject({ finished: true, exitCode: 0 });
  });

  it('has not failed because somebody asked for what is gone already', () => {
    const all = events(typed, ...asked('high-level/call', { method: 'x.Tasks/Get' }), over(1));
    expect(foldTo(header, all).failure).toBeUndefined();
  });

  it('has failed where somebody acted in vain, unless the command itself ends well', () => {
    const vain = asked('high-level/create-task', { method: 'x.Tasks/Create' });
    expect(foldTo(header, events(typed, ...vain, over(127))).failure).toMatchObject({ key: 'q' });
    expect(foldTo(header, events(typed, ...vain, over(0))).failure).toBeUndefined();
  });

  it('keeps to the deepest failure though the shim’s answer does not say how it ended', () => {
    const all = events(
      typed,
      { step: 'high-level/shim-request', type: 'begin', span: 't', data: { method: 'x.Task/Create' } },
      { step: 'low-level/create', type: 'begin', span: 'l', cause: ['t'] },
      { step: 'low-level/create', type: 'end', span: 'l', cause: ['t'], data: { error: 'exit 1' } },
      { step: 'high-level/shim-request', type: 'end', span: 't' },
    );
    expect(foldTo(header, all).failure).toMatchObject({ key: 'l', error: 'exit 1' });
  });

  it.each([
    ['high-level/create-task', { method: 'containerd.services.tasks.v1.Tasks/Create' }, 1],
    ['high-level/create-task', { bundle: '/b' }, 0],
    ['engine/request', { method: 'POST', path: '/v1.41/containers/x/start' }, 1],
    ['engine/request', { method: 'POST', path: '/v1.41/containers/x/wait' }, 0],
    ['high-level/start-shim', { argv: ['shim', 'start'] }, 1],
    ['high-level/start-shim', { argv: ['shim', 'delete'] }, 0],
    ['low-level/delete', { argv: ['runc', 'delete', id] }, 1],
    ['low-level/delete', { argv: ['runc', 'delete', '--force', id] }, 0],
    ['kernel/unshare', { flags: [] }, 0],
    ['kernel/cgroup-write', { name: 'cgroup.event_control', value: '3 4' }, 0],
  ])('tells %s %j %i times in its story', (step, data, times) => {
    const timeline = createTimeline(header, events({ step, type: 'begin', span: 's', data }));
    expect(timeline.steps).toHaveLength(times);
  });

  it('leaves the signals by which Go wakes its threads to the syscalls', () => {
    const all = events({ step: 'kernel/kill', type: 'begin', span: 's', data: { signal: 'SIGURG' } });
    expect(createTimeline(header, all, 'calls').steps).toHaveLength(0);
    expect(createTimeline(header, all, 'syscalls').steps).toHaveLength(1);
  });

  it('takes what a shim does for the shim’s, whatever call it works on', () => {
    const all = events(
      {
        step: 'high-level/start-shim',
        type: 'begin',
        span: 'h',
        actor: { name: 'containerd-shim-runc-v2', pid: 7 },
      },
      { step: 'low-level/start', type: 'begin', span: 'l', cause: ['h'], actor: { name: 'runc', pid: 8 } },
      {
        step: 'kernel/clone',
        type: 'begin',
        span: 'k',
        cause: ['l'],
        actor: { name: 'containerd-shim', pid: 7 },
      },
    );
    expect(foldTo(header, all).calls.at(-1)?.from).toEqual({ actor: 'high-level/containerd-shim-runc-v2' });
  });
});
