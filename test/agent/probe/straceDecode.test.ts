import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { RawRecord } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { StraceDecoder } from '../../../apps/agent/src/probe/straceDecode.ts';

const file = new URL('../../fixtures/records/runc-rootless.strace.gz', import.meta.url);
const LINES = gunzipSync(readFileSync(file)).toString('latin1').trim().split('\n');
const PIDS = { id: 8, controllers: ['pids'], mountPoint: '/sys/fs/cgroup/pids' };

function decode(lines: string[]): { records: RawRecord[]; ended: boolean; refused: string[] } {
  const records: RawRecord[] = [];
  const decoder = new StraceDecoder({
    emit: (record) => records.push(record),
    toMonotonic: (wallMs) => wallMs,
    hierarchies: [PIDS],
  });
  const refused = lines.filter((line) => !decoder.line(line));
  return { records, ended: decoder.ended, refused };
}
const of = <K extends RawRecord['kind']>(records: RawRecord[], kind: K) =>
  records.filter((record): record is Extract<RawRecord, { kind: K }> => record.kind === kind);

describe('strace’s lines of an ordinary user’s runc', () => {
  const { records, ended, refused } = decode(LINES);

  it('are all understood', () => {
    expect(refused).toEqual([]);
    expect(ended).toBe(true);
  });

  it('give processes, not threads', () => {
    const born = of(records, 'fork').map((fork) => fork.childPid);
    const dead = of(records, 'exit').map((exit) => exit.pid);
    expect(new Set(dead)).toEqual(new Set([13121, ...born]));
    expect(born).toHaveLength(3);
  });

  it('attribute what a thread does to its process', () => {
    const threads = of(records, 'syscall').filter((call) => call.tid !== call.pid);
    expect(threads.length).toBeGreaterThan(0);
    expect(new Set(threads.map((call) => call.comm))).toContain('runc');
  });

  it('show successful programs once, with their arguments', () => {
    expect(of(records, 'exec').map((exec) => exec.argv?.join(' '))).toEqual([
      'runc --root /run/rlrun run rl',
      'runc init',
      'runc init',
      '/bin/sh -c echo hi; /bin/busybox id',
      '/bin/busybox id',
    ]);
  });

  it('pair each call’s entry with its return', () => {
    const calls = of(records, 'syscall');
    const enters = calls.filter((call) => call.phase === 'enter');
    expect(calls.length).toBe(2 * enters.length);
  });
});

describe('strace’s lines about cgroups', () => {
  const begin = '5<sh> 1.0 execve("/bin/sh", ["sh"], 0x0 /* 0 vars */) = 0 <0.001>';

  it('name hierarchy, path and process of what is made, joined and removed', () => {
    const { records } = decode([
      begin,
      '5<sh> 2.0 mkdir("/sys/fs/cgroup/pids/a", 0755) = 0 <0.001>',
      '5<sh> 3.0 write(1</sys/fs/cgroup/pids/a/cgroup.procs>, "0\\n", 2) = 2 <0.001>',
      '5<sh> 4.0 rmdir("/sys/fs/cgroup/pids/a") = 0 <0.001>',
    ]);
    expect(of(records, 'cgroup')).toMatchObject([
      { act: 'mkdir', hierarchy: 8, path: '/a', controllers: ['pids'] },
      { act: 'attach', path: '/a', attachedPid: 5 },
      { act: 'rmdir', path: '/a' },
    ]);
    expect(of(records, 'syscall')[0]).toMatchObject({ name: 'write', args: { value: '0\n' } });
  });

  it('do not mistake other files for cgroups', () => {
    const { records } = decode([begin, '5<sh> 3.0 write(1</tmp/sys/fs/cgroup/pids/a>, "0", 1) = 1 <0.001>']);
    expect(of(records, 'syscall')).toEqual([]);
  });
});

describe('a child that is at work before its maker’s call has returned', () => {
  it('is attributed all the same', () => {
    const { records } = decode([
      '5<sh> 1.0 execve("/bin/sh", ["sh"], 0x0 /* 0 vars */) = 0 <0.001>',
      '5<sh> 2.0 vfork( <unfinished ...>',
      '6<sh> 2.1 unshare(0x20000) = 0 <0.001>',
      "5<sh> 2.2 <... vfork resumed>) = 2 /* 6 in strace's PID NS */ <0.2>",
    ]);
    expect(of(records, 'fork')).toMatchObject([{ pid: 5, childPid: 6 }]);
    expect(of(records, 'syscall').filter((call) => call.name === 'unshare')).toMatchObject([
      { pid: 6 },
      { pid: 6 },
    ]);
  });
});
