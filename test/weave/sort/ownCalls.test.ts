import { expect, test } from 'vitest';
import type { SelfRecord } from '../../../packages/weave/src/record.ts';
import { OpenCalls } from '../../../packages/weave/src/sort/openCalls.ts';
import { OwnCalls } from '../../../packages/weave/src/sort/ownCalls.ts';

const told = (more: Partial<SelfRecord>): SelfRecord => ({
  kind: 'self',
  at: 1,
  type: 'begin',
  step: 'client/request',
  layer: 'client',
  actor: { name: 'underdock', pid: 7 },
  data: { protocol: 'grpc', method: 'containerd.services.tasks.v1.Tasks/Create' },
  span: 's2',
  cause: ['s1'],
  container: 'c1',
  ...more,
});

function taken(...records: SelfRecord[]): OpenCalls {
  const calls = new OpenCalls();
  const own = new OwnCalls(calls);
  for (const record of records) own.sent(record);
  return calls;
}

const shim = told({ step: 'high-level/create-task', layer: 'high-level', span: 's3', cause: ['s2', 's1'] });

test('what a shim is asked for a container hangs on underdock’s own call that is under way for it', () => {
  expect(taken(told({})).callerOf('c1', 'Create', 'grpc')?.run).toBe('s2');
  expect(taken(told({})).callerOf('c1', 'create')?.run).toBe('s2');
});

test('where the daemon’s act is told, it hangs on that', () => {
  expect(taken(told({}), shim).callerOf('c1', 'Create', 'grpc')?.run).toBe('s3');
});

test('a call that has ended, one about another container, and an HTTP request cause nothing', () => {
  const ended = taken(told({}), shim, told({ type: 'end', data: { code: 'OK' } }));
  expect(ended.callerOf('c1', 'Create')).toBeUndefined();
  expect(taken(told({})).callerOf('c2', 'Create')).toBeUndefined();
  expect(
    taken(told({ data: { protocol: 'http', method: 'POST' } })).callerOf('c1', 'Create'),
  ).toBeUndefined();
});
