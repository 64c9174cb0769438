import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Runs } from '../../../apps/agent/src/run/runs.ts';
import { followable } from '../../../apps/agent/src/server/storedTrace.ts';
import { sampleEvents, sampleText } from '../../trace/sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'underdock-stored-'));
afterAll(() => rmSync(folder, { recursive: true }));

function stored(text: string) {
  const file = join(folder, 'a.chain');
  writeFileSync(file, text);
  return followable({ get: () => undefined, traceFile: async () => file } as unknown as Runs, 'a');
}

test('a stored trace is followed as it was written', async () => {
  expect(await stored(sampleText())).toMatchObject({ id: 'a', closed: true, events: sampleEvents() });
});

test('a line that is damaged leaves no hole that a follower would ask for without end', async () => {
  const lines = sampleText().split('\n');
  lines[3] = 'damaged';
  const found = await stored(lines.join('\n'));
  expect(found?.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(found?.events.map(({ at }) => at)).toEqual([1, 2, 4, 5, 6, 7, 8]);
});

test('a trace that several look at is in memory once, and read anew when it has changed', async () => {
  const [one, other] = await Promise.all([stored(sampleText()), stored(sampleText())]);
  expect(other).toBe(one);
  expect(await stored(sampleText())).not.toBe(undefined);
  const lines = sampleText().trim().split('\n');
  const shorter = await stored(`${lines.slice(0, 3).join('\n')}\n`);
  expect(shorter).not.toBe(one);
  expect(shorter?.events).toHaveLength(2);
});
