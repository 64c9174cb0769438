import type { Layer, WatcherState } from '@underdock/trace';
import type { Found, RawRecord } from '@underdock/weave';
import { afterEach, describe, expect, it } from 'vitest';
import type { Watcher } from '../../../apps/agent/src/layers/watcher.ts';
import { FanOut } from '../../../apps/agent/src/probe/fanOut.ts';
import { createRelay, type Relay } from '../../../apps/agent/src/run/relay.ts';

const AGENT = 100;
const from = { source: 'tracepoint', comm: 'x' } as const;
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** A watcher that says what the test lets it say. */
class Said implements Watcher {
  readonly layer: Layer = 'kernel';
  readonly name = 'said';
  readonly state: WatcherState = { layer: 'kernel', name: 'said', state: 'ok' };
  readonly out = new FanOut();
  start = async () => this.state;
  settle = async () => true;
  stop = async () => {};
  follow: Watcher['follow'] = (originNs, follower) => this.out.follow(originNs, follower);

  docker(pid: number): void {
    const argv = ['docker', 'ps'];
    this.out.push({ kind: 'exec', ...from, at: nowMs(), pid, tid: pid, path: '/usr/bin/docker', argv });
  }

  clock(): void {
    this.out.push({ kind: 'clock', at: nowMs() + 10, source: 'said' });
  }
}

describe('what is brought to the runs of a host', () => {
  let relay: Relay | undefined;
  afterEach(() => relay?.stop());

  it('reaches the others when one of them can’t be opened', () => {
    const said = new Said();
    relay = createRelay(said, [], AGENT);
    const taken: string[] = [];
    const open = ({ key }: Found) => {
      if (key === 'found-1') throw new Error('the disk is full');
      return {
        originNs: 0n,
        take: (record: RawRecord) => taken.push(record.kind),
        closed: () => {},
      };
    };
    relay.watch(open);
    said.clock();
    said.docker(7);
    said.docker(8);
    said.clock();
    expect(taken).toContain('exec');
  });

  it('reaches the others when one of them can’t take it', () => {
    const said = new Said();
    relay = createRelay(said, [], AGENT);
    const taken: string[] = [];
    relay.watch(({ key }) => ({
      originNs: 0n,
      take: (record) => {
        if (key === 'found-1' && record.kind === 'exec') throw new Error('a fault of ours');
        taken.push(`${key} ${record.kind}`);
      },
      closed: () => {},
    }));
    said.clock();
    said.docker(7);
    said.docker(8);
    said.clock();
    expect(taken).toContain('found-2 exec');
    expect(taken).toContain('found-1 lost');
  });
});
