import { createSorter, type RawRecord, RECORDER } from '@underdock/weave';
import { beforeEach, describe, expect, it } from 'vitest';

const AGENT = 100;
const from = { source: 'tracepoint', comm: 'x' } as const;

let at: number;
let given: Record<string, string[]>;
let found: string[];
let closed: string[];
let sorter: ReturnType<typeof createSorter>;
beforeEach(() => {
  at = 0;
  given = {};
  found = [];
  closed = [];
  sorter = createSorter({
    agentPid: AGENT,
    opened: ({ command }) => found.push(command.join(' ')),
    give: (key, record) => {
      const word = record.kind === 'exec' ? `exec ${record.argv?.join(' ')}` : record.kind;
      if (record.kind !== 'clock') given[key] = [...(given[key] ?? []), word];
    },
    closed: (key) => closed.push(key),
  });
});

function add(record: Partial<RawRecord> & { kind: RawRecord['kind'] }): void {
  sorter.add({ ...from, tid: 0, at: ++at, ...record } as RawRecord);
  sorter.add({ kind: 'clock', at: at + 0.5, source: 'probe' });
}
function wait(ms: number): void {
  at += ms;
  sorter.add({ kind: 'clock', at, source: 'probe' });
}
const begins = (pid: number, key: string) =>
  add({ kind: 'exec', pid, path: `/tmp/${RECORDER}`, argv: ['sh', '-c', 'exec "$@"', key, 'make'] });
const exec = (pid: number, ...argv: string[]) => add({ kind: 'exec', pid, path: `/bin/${argv[0]}`, argv });
const fork = (pid: number, childPid: number) => add({ kind: 'fork', pid, childPid });
const exit = (pid: number) => add({ kind: 'exit', pid, exitCode: 0 });

describe('a recorded command', () => {
  it('has the clients that descend from it, however deep, and none of its other processes', () => {
    sorter.record('key', 0);
    begins(7, 'key');
    exec(7, 'make');
    fork(7, 8);
    exec(8, 'cc', 'x.c');
    add({ kind: 'syscall', pid: 8, phase: 'enter', name: 'mount', args: {} });
    fork(8, 9);
    exec(9, 'docker', 'ps');
    fork(9, 10);
    add({ kind: 'syscall', pid: 10, phase: 'enter', name: 'mount', args: {} });
    for (const pid of [10, 9, 8, 7]) exit(pid);
    expect(given.key).toEqual([
      'exec sh -c exec "$@" key make',
      ...['root', 'exec docker ps', 'fork', 'syscall', 'exit', 'exit', 'exit'],
    ]);
    expect(found).toEqual([]);
  });

  it('that is the agent’s own child is followed all the same', () => {
    sorter.record('key', 0);
    fork(AGENT, 7);
    begins(7, 'key');
    exec(7, 'docker', 'ps');
    exit(7);
    expect(given.key?.slice(1)).toEqual(['root', 'exec docker ps', 'exit']);
  });

  it('leaves to others what is theirs, and nobody joins it by its key', () => {
    sorter.record('key', 0);
    begins(7, 'key');
    exec(20, 'docker', 'pull');
    begins(30, 'key');
    exec(30, 'docker', 'push');
    expect(found).toEqual(['docker pull', 'docker push']);
    expect(given.key).toHaveLength(1);
    begins(40, 'unknown');
    expect(Object.keys(given)).toHaveLength(3);
  });

  it('is waited for until it begins, and closed when nothing of it is left', () => {
    sorter.record('key', 0);
    wait(60_000);
    expect(closed).toEqual([]);
    begins(7, 'key');
    wait(60_000);
    expect(closed).toEqual([]);
    exit(7);
    wait(3000);
    expect(closed).toEqual(['key']);
    sorter.record('never', at);
    wait(121_000);
    expect(closed).toEqual(['key', 'never']);
  });
});
