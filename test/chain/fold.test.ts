import { applyEvent, callOf, containerOf, foldTo, initialState, mountTree } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { recordedTrace } from '../fixtures/traces.ts';
import { events, header } from './events.ts';

const runc = { name: 'runc', pid: 20 };

describe('the fold', () => {
  it('shows an actor only once it has been seen', () => {
    const all = events(
      { step: 'client/run', type: 'begin', span: 'c' },
      { step: 'low-level/create', type: 'begin', span: 'l', cause: ['c'], actor: runc },
    );
    expect(foldTo(header, all.slice(0, 1)).actors.map(({ key }) => key)).toEqual(['client/underdock']);
    expect(foldTo(header, all).actors.map(({ key }) => key)).toEqual(['client/underdock', 'low-level/runc']);
  });

  it('takes the processes of a runtime for one actor, by what caused them', () => {
    const all = events(
      {
        step: 'low-level/create',
        type: 'begin',
        span: 'l',
        actor: runc,
        data: { runtime: '/usr/sbin/runc' },
      },
      {
        step: 'kernel/unshare',
        type: 'begin',
        span: 'u',
        cause: ['l'],
        actor: { name: 'runc:[1:CHILD]', pid: 21 },
      },
      { step: 'kernel/mount', type: 'begin', span: 'm', cause: ['l'], actor: { name: 'exe', pid: 22 } },
    );
    const state = foldTo(header, all);
    expect(state.actors).toHaveLength(1);
    expect(state.actors[0]).toMatchObject({
      key: 'low-level/runc',
      version: '1.1.5',
      self: { name: 'exe', pid: 22 },
    });
    expect(callOf(state, 'u')).toMatchObject({ from: { actor: 'low-level/runc' }, to: { kernel: true } });
  });

  it('never changes a state that it has given out', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    let state = initialState(real);
    const kept: { at: number; text: string; state: typeof state }[] = [];
    for (const [i, event] of all.entries()) {
      state = applyEvent(state, event);
      if (i % 100 === 0) kept.push({ at: i, text: JSON.stringify(plain(state)), state });
    }
    for (const { text, state: old } of kept) expect(JSON.stringify(plain(old))).toBe(text);
  });

  it('reads events by their instant, whatever order they were written in', () => {
    const [first, second] = events(
      { step: 'process/output', at: 9, data: { stream: 'stdout', base64: 'Yg==' } },
      { step: 'process/output', at: 4, data: { stream: 'stdout', base64: 'YQ==' } },
    );
    const picture = containerOf(foldTo(header, [first!, second!]));
    expect(picture.output.map(({ base64 }) => base64)).toEqual(['YQ==', 'Yg==']);
  });

  it('keeps a failed act as a failed arrow, and the deepest one as the failure of the chain', () => {
    const all = events(
      { step: 'client/run', type: 'begin', span: 'c' },
      { step: 'low-level/create', type: 'begin', span: 'l', cause: ['c'], actor: runc },
      { step: 'kernel/unshare', type: 'begin', span: 'u', cause: ['l'], actor: runc },
      { step: 'kernel/unshare', type: 'end', span: 'u', actor: runc, data: { error: 'EPERM' } },
      {
        step: 'low-level/create',
        type: 'end',
        span: 'l',
        actor: runc,
        data: { error: 'runtime-failed', message: 'no' },
      },
      { step: 'client/run', type: 'end', span: 'c', data: { error: 'runtime-failed', exitCode: 125 } },
    );
    const state = foldTo(header, all);
    expect(callOf(state, 'u')?.failure?.error).toBe('EPERM');
    expect(state.failure).toMatchObject({
      span: 'l',
      step: 'low-level/create',
      message: 'no',
      kind: 'chain',
    });
  });

  it('forgets a failure that the act above has overcome', () => {
    const all = events(
      { step: 'high-level/fetch-layer', type: 'begin', span: 'f', data: { index: 0 } },
      { step: 'high-level/fetch-manifest', type: 'begin', span: 'm', cause: ['f'] },
      { step: 'high-level/fetch-manifest', type: 'end', span: 'm', data: { error: 'reset' } },
      { step: 'high-level/fetch-layer', type: 'end', span: 'f', data: { index: 0 } },
    );
    expect(foldTo(header, all.slice(0, 3)).failure?.error).toBe('reset');
    expect(foldTo(header, all).failure).toBeUndefined();
  });

  it('counts unknown steps and keeps them as calls', () => {
    const state = foldTo(header, events({ step: 'kernel/teleport' }, { step: 'kernel/teleport' }));
    expect(state.unknown).toEqual({ 'kernel/teleport': 2 });
    expect(state.calls.at(0)).toMatchObject({ name: 'teleport', level: 'calls' });
  });

  it('shows missing watchers and lost records as gaps, and a watcher that came back as none', () => {
    const missing = {
      ...header,
      watchers: [{ layer: 'kernel' as const, name: 'bpftrace', state: 'missing' as const, why: 'no' }],
    };
    const all = events(
      { step: 'trace/lost-records', layer: 'kernel', data: { name: 'bpftrace', count: 3 } },
      { step: 'trace/lost-records', layer: 'kernel', data: { name: 'bpftrace', count: 4 } },
      { step: 'trace/watcher-changed', layer: 'kernel', data: { name: 'bpftrace', state: 'ok' } },
    );
    expect(foldTo(missing, all.slice(0, 2)).gaps.map(({ kind, count }) => [kind, count])).toEqual([
      ['watcher', undefined],
      ['lost', 7],
    ]);
    expect(foldTo(missing, all).gaps.map(({ kind }) => kind)).toEqual(['lost']);
  });

  it('gives what was seen before an id was known to the first container', () => {
    const all = events(
      { step: 'high-level/resolve-image', type: 'begin', span: 'r', data: { reference: 'starter' } },
      { step: 'engine/create-container', type: 'begin', span: 'e', data: { id: 'abc', name: 'n' } },
    );
    const state = foldTo(header, all);
    expect(Object.keys(state.containers)).toEqual(['abc']);
    expect(containerOf(state)).toMatchObject({ id: 'abc', reference: 'starter', name: 'n' });
  });

  it('follows a layer from waiting to ready, with its rate', () => {
    const layer = { index: 1, digest: 'sha256:aa' };
    const all = events(
      {
        step: 'high-level/fetch-layer',
        type: 'begin',
        span: 'f',
        at: 0,
        data: { ...layer, totalBytes: 1000 },
      },
      { step: 'high-level/fetch-layer', type: 'progress', span: 'f', at: 500, data: { bytes: 400 } },
      { step: 'high-level/fetch-layer', type: 'end', span: 'f', at: 600, data: { bytes: 1000 } },
      { step: 'high-level/unpack-layer', type: 'begin', span: 'u', at: 700, data: layer },
      { step: 'high-level/unpack-layer', type: 'end', span: 'u', at: 800, data: { index: 1, entries: 7 } },
    );
    const states = all.map((_, i) => containerOf(foldTo(header, all.slice(0, i + 1))).layers[1]);
    expect(states.map((one) => one?.state)).toEqual([
      'fetching',
      'fetching',
      'fetching',
      'unpacking',
      'ready',
    ]);
    expect(states[1]).toMatchObject({ bytes: 400, rate: 800, totalBytes: 1000 });
    expect(states[4]?.entries).toBe(7);
    expect(containerOf(foldTo(header, all)).layers[0]?.state).toBe('waiting');
  });

  it('keeps the output within its bound and says how many pieces fell out', () => {
    const piece = 'A'.repeat(1024);
    const many = events(
      ...Array.from({ length: 100 }, () => ({
        step: 'process/output',
        data: { stream: 'stdout', base64: piece },
      })),
    );
    const picture = containerOf(foldTo(header, many));
    expect(picture.output).toHaveLength(64);
    expect(picture.outputDropped).toBe(36);
  });

  it('is not led astray by hostile data', () => {
    const all = events(
      { step: 'high-level/fetch-layer', type: 'begin', span: 'x', data: { index: 1e9 } },
      { step: 'kernel/has-namespace', type: 'fact', data: { kind: '__proto__', inode: 1 } },
      { step: 'process/has-process', type: 'fact', data: { pid: 'one' } },
      { step: 'kernel/has-mount', type: 'fact', data: { mountPoint: 7, options: 'x' } },
      { step: 'kernel/mount', type: 'end', span: 'never-began', data: { error: { a: 1 } } },
      { step: 'constructor/to-string', data: {} },
    );
    const picture = containerOf(foldTo(header, all));
    expect(picture.layers).toEqual([]);
    expect(picture.namespaces).toEqual({});
    expect(picture.processes.size).toBe(0);
  });
});

describe('the tree of mounts', () => {
  it('puts children under their parents', () => {
    const points = ['/sys/fs/cgroup', '/', '/proc', '/sys', '/dev-x', '/dev', '/dev/pts'];
    const all = events(
      ...points.map((mountPoint) => ({
        step: 'kernel/has-mount',
        type: 'fact' as const,
        data: { mountPoint, fstype: 'x' },
      })),
      { step: 'kernel/has-mount', type: 'fact', data: { mountPoint: '/proc', gone: true } },
    );
    const rows = mountTree(containerOf(foldTo(header, all)));
    expect(rows.map(({ mountPoint, depth }) => `${'-'.repeat(depth)}${mountPoint}`)).toEqual([
      '/',
      '-/dev',
      '--/dev/pts',
      '-/dev-x',
      '-/sys',
      '--/sys/fs/cgroup',
    ]);
  });
});

/** Lists and maps of the state as plain values. */
function plain(state: ReturnType<typeof initialState>) {
  return { ...state, calls: [...state.calls], spans: state.spans.size };
}
