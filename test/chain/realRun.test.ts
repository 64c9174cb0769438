import { containerOf, foldTo, gaugesOf } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { recordedTrace } from '../fixtures/traces.ts';

describe('a real run with runc', () => {
  it('ends with the facts that the run had', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    const state = foldTo(real, all);
    const picture = containerOf(state);
    expect(state.actors.map(({ key }) => key)).toEqual([
      'client/underdock',
      'engine/underdock',
      'high-level/underdock',
      'low-level/runc',
      'process/sh',
    ]);
    expect(state).toMatchObject({ finished: true, exitCode: 0, held: false, open: [], gaps: [] });
    expect(picture).toMatchObject({ life: 'gone', exitCode: 0 });
    expect(picture.layers.map(({ state: layer }) => layer)).toEqual(['ready', 'ready', 'ready']);
    expect(
      Object.values(picture.namespaces)
        .filter(({ own }) => own)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']);
    expect(gaugesOf(picture).map(({ meaning, limit }) => [meaning, limit])).toEqual([
      ['memory', 536870912],
      ['cpu', null],
      ['pids', 256],
    ]);
  });

  it('shows the waiting process with both pids before start, and the program after', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    const started = all.findIndex(({ step, type }) => step === 'engine/start-container' && type === 'begin');
    const waiting = containerOf(foldTo(real, all.slice(0, started)));
    const init = waiting.processes.get(String(waiting.init!))!;
    expect(waiting.life).toBe('waiting');
    expect(init).toMatchObject({ innerPid: 1, waiting: true, alive: true, comm: 'runc:[2:INIT]' });
    const exit = all.findIndex(({ step, actor }) => step === 'kernel/exit' && actor.pid === waiting.init);
    const alive = containerOf(foldTo(real, all.slice(0, exit)));
    expect(alive.life).toBe('alive');
    expect(alive.processes.get(String(waiting.init!))).toMatchObject({ comm: 'sh', waiting: false });
  });

  it('tells an out-of-memory kill from a broken chain', async () => {
    const oom = await recordedTrace('oom');
    expect(foldTo(oom.header, oom.events).failure).toMatchObject({ kind: 'process', error: 'OOM' });
    expect(containerOf(foldTo(oom.header, oom.events)).oomKilled).toBe(true);
    const broken = await recordedTrace('no-such-command');
    expect(foldTo(broken.header, broken.events).failure).toMatchObject({
      kind: 'chain',
      error: 'command-not-found',
    });
  });

  it('knows the program by the runtime’s config where nobody watches the kernel', async () => {
    const { header: real, events: all } = await recordedTrace('unwatched');
    const started = all.findIndex(({ step, type }) => step === 'low-level/start' && type === 'end');
    const picture = containerOf(foldTo(real, all.slice(0, started + 1)));
    expect(picture.life).toBe('alive');
    expect(picture.processes.get(String(picture.init!))).toMatchObject({ comm: 'sh', waiting: false });
  });
});
