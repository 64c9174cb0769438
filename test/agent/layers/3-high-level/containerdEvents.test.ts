import type { EngineEventRecord, RawRecord } from '@underdock/weave';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ContainerdEvents,
  type ContainerdEventsOptions,
} from '../../../../apps/agent/src/layers/3-high-level/containerdEvents.ts';

let events: ContainerdEvents | undefined;
afterEach(() => events?.stop());

async function follow(options: ContainerdEventsOptions): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  events = new ContainerdEvents({ againMs: 5, ...options });
  events.follow(0n, (record) => records.push(record));
  await events.start();
  return records;
}

const refuses: ContainerdEventsOptions['subscribe'] = () => {
  throw new Error('permission denied');
};

describe('the events of containerd', () => {
  it('are looked for again after a look that failed', async () => {
    const find = vi.fn(async () => {
      throw new Error('too many open files');
    });
    await follow({ subscribe: refuses, find });
    // A rejection that nobody takes fails this test, as it would end the agent.
    await vi.waitFor(() => expect(find.mock.calls.length).toBeGreaterThan(2));
  });

  it('are said to be missing once, however often they are asked for', async () => {
    const subscribe = vi.fn(refuses);
    const find = async () => [{ pid: process.pid, socket: '/run/ctd.sock' }];
    const records = await follow({ subscribe, find });
    await vi.waitFor(() => expect(subscribe.mock.calls.length).toBeGreaterThan(3));
    expect(records).toMatchObject([{ kind: 'watcher', state: 'missing' }]);
  });

  it('are said to be followed again when they are', async () => {
    let tries = 0;
    const event = { kind: 'engine-event', at: 1, topic: '/tasks/start' } as EngineEventRecord;
    const subscribe = async function* () {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
      yield event;
    };
    const records = await follow({ subscribe, find: async () => [{ pid: process.pid, socket: '/s' }] });
    await vi.waitFor(() => expect(records.map(({ kind }) => kind)).toContain('engine-event'));
    expect(records.filter(({ kind }) => kind === 'watcher').slice(0, 2)).toMatchObject([
      { state: 'missing' },
      { state: 'ok' },
    ]);
  });
});
