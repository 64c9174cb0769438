import type { RawRecord } from '@underdock/weave';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DockerEvents, type EventSource } from '../../../../apps/agent/src/layers/2-engine/dockerEvents.ts';

let events: DockerEvents | undefined;
afterEach(() => events?.stop());

/** An engine whose stream says this once, and then nothing more. */
function engineThat(says: () => AsyncIterable<Uint8Array>, catchUp?: () => Promise<never>): EventSource {
  let count = 0;
  return {
    socket: '/run/odd.sock',
    open: async ({ until }, signal) => {
      if (until !== undefined) return catchUp ? catchUp() : nothing();
      count += 1;
      return count === 1 ? says() : silence(signal);
    },
  };
}

async function* nothing(): AsyncIterable<Uint8Array> {}

async function* silence(signal: AbortSignal): AsyncIterable<Uint8Array> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

async function follow(source: EventSource): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  events = new DockerEvents({ againMs: 10 });
  events.follow(0n, (record) => records.push(record));
  await events.add(source);
  return records;
}

describe('the event stream of an engine that is not as it should be', () => {
  it('is given up when it sends a line without end', async () => {
    let sent = 0;
    const records = await follow(
      engineThat(async function* () {
        for (; sent < 100; sent++) yield Buffer.alloc(1 << 20, 'a');
      }),
    );
    await vi.waitFor(() => expect(records).toContainEqual(expect.objectContaining({ state: 'missing' })));
    expect(sent).toBeLessThan(5);
  });

  it('has no say in time: an event without an instant is none', async () => {
    const line = JSON.stringify({ Type: 'container', Action: 'die', Actor: { ID: 'x' }, timeNano: 'soon' });
    const records = await follow(
      engineThat(async function* () {
        yield Buffer.from(`${line}\n`);
      }),
    );
    await vi.waitFor(() => expect(records).toContainEqual(expect.objectContaining({ state: 'missing' })));
    expect(records.filter(({ kind }) => kind === 'engine-event')).toEqual([]);
  });

  it('holds up nobody: one that hangs is waited for once, and not for long', async () => {
    const hangs = () => new Promise<never>(() => {});
    const records = await follow(engineThat(nothing, hangs));
    const before = performance.now();
    expect(await events?.settle(5000)).toBe(true);
    expect(performance.now() - before).toBeLessThan(2500);
    expect(records.at(-1)).toMatchObject({ kind: 'watcher', state: 'missing' });
    const again = performance.now();
    expect(await events?.settle(5000)).toBe(true);
    expect(performance.now() - again).toBeLessThan(500);
  });
});
