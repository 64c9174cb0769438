import { runRequestSchema } from '@underdock/trace';
import type { RawRecord } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { commandOf, optionsOf } from '../../../apps/agent/src/run/commandLine.ts';
import { describeError } from '../../../apps/agent/src/run/error.ts';
import { cgroupLayout } from '../../../apps/agent/src/run/host.ts';
import { createTeller } from '../../../apps/agent/src/run/teller.ts';

function teller() {
  const records: RawRecord[] = [];
  let spans = 0;
  const tell = createTeller({
    add: (record) => records.push(record),
    newSpan: () => `s${++spans}`,
    now: () => 5,
  });
  return { tell, records };
}

describe('telling', () => {
  it('makes a begin, progress and an end of one span, on the layer of the step', () => {
    const { tell, records } = teller();
    const act = tell.begin('high-level/fetch-layer', { index: 0 }, { cause: ['s0'], container: 'c' });
    act.progress({ bytes: 1 });
    act.end({ bytes: 2 });
    act.progress({ bytes: 3 });
    const same = { kind: 'self', at: 5, step: 'high-level/fetch-layer', layer: 'high-level', span: 's1' };
    expect(records).toMatchObject([
      { ...same, type: 'begin', cause: ['s0'], container: 'c', actor: { name: 'underdock' } },
      { ...same, type: 'progress', data: { bytes: 1 } },
      { ...same, type: 'end', data: { bytes: 2 }, cause: ['s0'] },
    ]);
    expect(records).toHaveLength(3);
  });

  it('ends a failed act with code, message and remedy', () => {
    const { tell, records } = teller();
    const error = Object.assign(new Error('disk is full'), { code: 'disk-full', remedy: 'make room' });
    tell.begin('engine/create-container', {}).fail(error, { exitCode: 1 });
    expect(records[1]).toMatchObject({
      type: 'end',
      data: { error: 'disk-full', message: 'disk is full', remedy: 'make room', exitCode: 1 },
    });
  });

  it('refuses to end an act twice', () => {
    const act = teller().tell.begin('engine/hold', {});
    act.end();
    expect(() => act.end()).toThrow('has ended already');
  });

  it('calls an error without a code internal', () => {
    expect(describeError(new Error('oops'))).toEqual({ code: 'internal', message: 'oops' });
    expect(describeError('text')).toEqual({ code: 'internal', message: 'text' });
  });
});

describe('a request as a command', () => {
  it('is what one would type', () => {
    const request = runRequestSchema.parse({
      image: 'starter',
      command: ['/bin/sh', '-c', 'echo hi'],
      memory: '64m',
      env: ['A=1', 'B=2'],
      interactive: true,
      capDrop: ['ALL'],
    });
    expect(commandOf(request).join(' ')).toBe(
      'underdock run --interactive --memory 64m --env A=1 --env B=2 --cap-drop ALL starter /bin/sh -c echo hi',
    );
    expect(optionsOf(request)).toEqual({
      interactive: true,
      memory: '64m',
      env: ['A=1', 'B=2'],
      capDrop: ['ALL'],
    });
  });
});

describe('the cgroup layout', () => {
  const v1 = '30 29 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';
  const v2 = '31 29 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw';
  it.each([
    [[v1], 'v1'],
    [[v2], 'v2'],
    [[v1, v2], 'hybrid'],
    [['22 1 0:21 / /proc rw - proc proc rw'], 'none'],
  ] as const)('is read from the mounts', (lines, layout) =>
    expect(cgroupLayout(lines.join('\n'))).toBe(layout),
  );
});
