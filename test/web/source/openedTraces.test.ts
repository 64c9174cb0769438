import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Link, LinkSnapshot } from '../../../apps/web/src/source/link.ts';
import { isOpened, OpenedTraces } from '../../../apps/web/src/source/openedTraces.ts';
import type { RecordedTrace } from '../../../apps/web/src/source/recordedTrace.ts';
import { localFile } from '../../../apps/web/src/source/traceFile.ts';

const bytes = readFileSync(new URL('../../fixtures/traces/runc.chain.gz', import.meta.url));
const file = localFile({ name: 'runc.chain.gz', stream: () => new Blob([bytes]).stream() });

const agentSnapshot: LinkSnapshot = {
  state: 'connected',
  wasConnected: true,
  role: 'drive',
  runs: [],
  doctor: undefined,
  watching: false,
};

class TestAgent implements Link {
  followed: string[] = [];
  typed: string[] = [];
  current = agentSnapshot;
  listener: () => void = () => {};
  snapshot = () => this.current;
  subscribe(listener: () => void): () => void {
    this.listener = listener;
    return () => {};
  }
  follow(run: string): never {
    this.followed.push(run);
    return undefined as never;
  }
  async input(run: string): Promise<undefined> {
    this.typed.push(run);
  }
  endInput = async () => undefined;
  resize = async () => undefined;
}

describe('traces that were opened in the page', () => {
  it('stand among the runs as soon as they are read, with nobody behind them', async () => {
    const opened = new OpenedTraces();
    expect(opened.snapshot()).toMatchObject({ state: 'none', runs: [] });
    const id = opened.open(file);
    const trace = opened.follow(id) as RecordedTrace;
    await trace.done;
    const { header, events } = trace.snapshot();
    expect(opened.snapshot().runs).toEqual([
      expect.objectContaining({ id, title: header?.title, events: events.length, state: 'finished' }),
    ]);
  });

  it('can be read again and again, each from its beginning', async () => {
    const opened = new OpenedTraces();
    const id = opened.open(file);
    const [one, two] = [opened.follow(id), opened.follow(id)] as [RecordedTrace, RecordedTrace];
    await Promise.all([one.done, two.done]);
    expect(one.snapshot().events).toEqual(two.snapshot().events);
    expect(opened.snapshot().runs).toHaveLength(1);
  });

  it('leave the agent its own runs, and tell of it as it is', async () => {
    const agent = new TestAgent();
    const opened = new OpenedTraces(agent);
    opened.follow('abc');
    expect(agent.followed).toEqual(['abc']);
    agent.current = { ...agentSnapshot, state: 'lost' };
    agent.listener();
    expect(opened.snapshot().state).toBe('lost');
    await opened.input('abc', '');
    const id = opened.open(file);
    expect(await opened.input(id, '')).toMatch(/recording/);
    expect(agent.typed).toEqual(['abc']);
  });

  it('that were there before the page was loaded anew are gone, and say so', async () => {
    const agent = new TestAgent();
    const trace = new OpenedTraces(agent).follow('opened-1') as RecordedTrace;
    await trace.done;
    expect(isOpened('opened-1')).toBe(true);
    expect(agent.followed).toEqual([]);
    expect(trace.snapshot().problem?.message).toMatch(/no longer has the file/);
  });
});
