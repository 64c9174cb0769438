import { describe, expect, test } from 'vitest';
import { readEvent } from '../../../../apps/agent/src/layers/2-engine/dockerEvent.ts';

const ID = 'a'.repeat(64);
const now = { wallMs: 1_700_000_000_500, monotonicMs: 9_000 };
const event = (more: object) => ({
  Type: 'container',
  Action: 'die',
  timeNano: 1_700_000_000_400e6,
  ...more,
});

describe('an event of docker’s as a record', () => {
  test('has its instant on the monotonic clock, and says how sure that is', () => {
    const record = readEvent(event({ Actor: { ID, Attributes: { exitCode: '3' } } }), 7, now);
    expect(record).toMatchObject({
      at: 8_900,
      uncertaintyMs: 1,
      topic: 'container die',
      container: ID,
      pid: 7,
    });
    expect(record.attributes).toEqual({ exitCode: '3' });
  });

  test('is not of the future when the wall clock was set back', () => {
    expect(readEvent(event({ timeNano: 1_700_000_009_000e6 }), undefined, now).at).toBe(9_000);
  });

  test('carries no labels and no command line', () => {
    const Attributes = { name: 'n', image: 'i', secret: 'hunter2', 'com.example.token': 'hunter2' };
    const record = readEvent(
      event({ Action: 'exec_create: sh -c hunter2', Actor: { ID, Attributes } }),
      7,
      now,
    );
    expect(record.topic).toBe('container exec_create');
    expect(JSON.stringify(record)).not.toContain('hunter2');
  });

  test('names the container that a network was connected to', () => {
    const Actor = { ID: 'net', Attributes: { container: ID, name: 'bridge', type: 'bridge' } };
    expect(readEvent(event({ Type: 'network', Action: 'connect', Actor }), 7, now)).toMatchObject({
      topic: 'network connect',
      container: ID,
    });
  });
});
