import { describe, expect, it } from 'vitest';
import { generateName } from '../../../apps/agent/src/via/embedded/containerName.ts';
import { ContainerRecord } from '../../../apps/agent/src/via/embedded/containerState.ts';
import { silentTell } from '../../../apps/agent/src/via/embedded/lowLevel/silentTell.ts';

function toldRecord() {
  const facts: Record<string, unknown>[] = [];
  const tell = {
    ...silentTell,
    fact: (_step: string, data: Record<string, unknown>) => void facts.push(data),
  };
  return { record: new ContainerRecord('abc', 'calm-pier', tell), facts };
}

describe('the engine’s record of a container', () => {
  it('tells each state with what is known by then', () => {
    const { record, facts } = toldRecord();
    record.become('created');
    record.become('running');
    record.become('stopped', { exitCode: 137, oomKilled: true });
    record.gone();
    const same = { id: 'abc', name: 'calm-pier' };
    expect(facts).toEqual([
      { ...same, state: 'created' },
      { ...same, state: 'running' },
      { ...same, state: 'stopped', exitCode: 137, oomKilled: true },
      { ...same, state: 'stopped', exitCode: 137, oomKilled: true, gone: true },
    ]);
  });

  it('says nothing of the removal of one that never was, or is gone already', () => {
    const { record, facts } = toldRecord();
    record.gone();
    record.become('created');
    record.gone();
    record.gone();
    expect(facts.map(({ gone }) => gone)).toEqual([undefined, true]);
  });

  it.each([
    [['running'], 'none'],
    [['created', 'created'], 'created'],
    [['created', 'stopped', 'running'], 'stopped'],
  ] as const)('refuses %j', (moves, from) => {
    const { record } = toldRecord();
    expect(() => moves.forEach((move) => void record.become(move))).toThrow(`it is ${from}`);
  });
});

describe('a generated name', () => {
  it('is an adjective and a noun', () => {
    expect(
      generateName(
        () => false,
        () => 0,
      ),
    ).toBe('able-anchor');
    expect(generateName(() => false)).toMatch(/^[a-z]+-[a-z]+$/);
  });

  it('gets a number when everything else is taken', () => {
    expect(
      generateName(
        (name) => !name.endsWith('-3'),
        () => 0,
      ),
    ).toBe('able-anchor-3');
  });
});
