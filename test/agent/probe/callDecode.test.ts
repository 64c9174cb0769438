import type { CallRecord } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { CallDecoder } from '../../../apps/agent/src/probe/callDecode.ts';
import { readPrinted } from '../../../apps/agent/src/probe/lines.ts';

/** Feeds lines as the program prints them and gives the records, and what made no sense. */
function decoded(...printed: string[]) {
  const records: CallRecord[] = [];
  const clocks: number[] = [];
  const decoder = new CallDecoder({ emit: (record) => records.push(record), clock: (at) => clocks.push(at) });
  const senseless = printed.filter((text) => {
    const read = readPrinted(JSON.stringify({ type: 'printf', data: `${text}\n` }));
    return read.is !== 'line' || !decoder.line(read.line);
  });
  return { records, clocks, senseless };
}
const CALL = '2000000 40 41 c000e3c340';

describe('a call', () => {
  it('over HTTP has a method, a path and a query, and carries its process, thread and goroutine', () => {
    const { records } = decoded(
      's 41 0 0:POST',
      's 41 1 0:/v1.41/containers/ab/wait',
      's 41 2 0:condition=removed',
      `q ${CALL} http-server:dockerd`,
    );
    expect(records).toEqual([
      {
        ...{ kind: 'call', phase: 'enter', source: 'uprobe', protocol: 'http', side: 'server', at: 2 },
        ...{ pid: 40, tid: 41, comm: 'dockerd', routine: 'c000e3c340' },
        ...{ method: 'POST', path: '/v1.41/containers/ab/wait', query: 'condition=removed' },
      },
    ]);
  });

  it('that a client makes without a method is a GET', () => {
    const [record] = decoded('s 41 1 0:/_ping', `q ${CALL} http-client:docker`).records;
    expect(record).toMatchObject({ method: 'GET', path: '/_ping', side: 'client' });
    expect(record).not.toHaveProperty('query');
  });

  it('over ttrpc is named by service and method', () => {
    const [record] = decoded(
      's 41 0 0:containerd.task.v2.Task',
      's 41 1 0:Create',
      `q ${CALL} ttrpc-client:containerd`,
    ).records;
    expect(record).toMatchObject({ method: 'containerd.task.v2.Task/Create', protocol: 'ttrpc' });
    expect(record).not.toHaveProperty('path');
  });

  it('keeps a path that is longer than one piece', () => {
    const [one, two] = ['/a'.repeat(64).slice(0, 127), '/the-end'];
    const [record] = decoded(
      's 41 0 0:GET',
      `s 41 1 0:${one}`,
      `s 41 1 1:${two}`,
      `q ${CALL} http-server:d`,
    ).records;
    expect(record?.path).toBe(one + two);
  });
});

describe('a call that is begun a second time, as Go does after it let others run,', () => {
  const begun = (object: string, method = 'HEAD') => [
    `s 41 0 0:${method}`,
    's 41 1 0:/_ping',
    `q ${CALL} http-client ${object}:docker`,
  ];
  const methods = (...printed: string[]) => decoded(...printed).records.map(({ method }) => method);

  it('is told once', () => expect(methods(...begun('c0f0'), ...begun('c0f0'))).toEqual(['HEAD']));

  it('is told apart from another request of the same goroutine', () => {
    expect(methods(...begun('c0f0'), ...begun('c0f8', 'DELETE'))).toEqual(['HEAD', 'DELETE']);
  });

  it('is told apart from one that comes after the first has gone on, at the same address', () => {
    const ended = `z ${CALL} http-client 0:docker`;
    expect(methods(...begun('c0f0'), ended, ...begun('c0f0'))).toEqual(['HEAD', undefined, 'HEAD']);
  });

  it('has its payload of the last beginning, where both are printed together', () => {
    const create = [
      ...['s 41 0 0:containerd.task.v2.Task', 's 41 1 0:Create', `q ${CALL} ttrpc-client c0f0:containerd`],
      ...['a 41 0:0a 01', `y ${CALL} ttrpc-client 2:containerd`],
    ];
    const { records } = decoded(...create, ...create);
    expect(records.map(({ phase }) => phase)).toEqual(['enter', 'payload', 'payload']);
    expect(records[2]?.payload?.bytes.length).toBe(2);
  });
});

describe('a payload', () => {
  it('is put together of its pieces, with the length that it really has', () => {
    const { records } = decoded('a 41 0:0a 02 61', 'a 41 1:62', `y ${CALL} grpc-client 4:dockerd`);
    expect(records).toMatchObject([{ phase: 'payload', payload: { length: 4 } }]);
    expect(Buffer.from(records[0]?.payload?.bytes ?? []).toString('hex')).toBe('0a026162');
  });

  it('that was cut has fewer bytes than its length', () => {
    const [record] = decoded('a 41 0:0a 02', `y ${CALL} grpc-client 90000:dockerd`).records;
    expect([record?.payload?.bytes.length, record?.payload?.length]).toEqual([2, 90000]);
  });

  it('of one call is not taken for another’s', () => {
    const { records } = decoded(
      ...['a 41 0:01', 'a 52 0:02', 'a 41 1:03'],
      ...[`y ${CALL} grpc-client 2:dockerd`, 'y 2000000 40 52 c0001 grpc-client 1:dockerd'],
    );
    expect(records.map(({ payload }) => [...(payload?.bytes ?? [])])).toEqual([[1, 3], [2]]);
  });
});

describe('an end', () => {
  it('tells of an error only where one can be seen', () => {
    const { records } = decoded(...[0, 1, 2].map((failed) => `z ${CALL} grpc-client ${failed}:dockerd`));
    expect(records.map(({ failed }) => failed)).toEqual([false, true, undefined]);
  });

  it('comes after the answer, which has no status when the connection was taken over', () => {
    const { records } = decoded(`w ${CALL} http-server 404:dockerd`, `w ${CALL} http-server 0:dockerd`);
    expect(records.map(({ status }) => status)).toEqual([404, undefined]);
  });
});

it('says how far everything was told', () => {
  expect(decoded('t 5000000').clocks).toEqual([5]);
});

it('makes nothing of a line that makes no sense', () => {
  const bad = [
    `q ${CALL} gopher:dockerd`,
    `q ${CALL}:dockerd`,
    'q 0 40 41 c0 http-server:dockerd',
    `q ${CALL} ttrpc-client`.slice(0, 12),
    `z ${CALL} grpc-client:dockerd`,
    `v ${CALL} grpc-client 1:dockerd`,
    'a 41 0:zz',
    's 41 99 0:x',
    't x',
  ];
  const { records, senseless } = decoded(...bad);
  expect(senseless).toEqual(bad);
  expect(records).toEqual([]);
});
