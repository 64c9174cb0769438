import { readFileSync } from 'node:fs';
import { collectTrace, encodeLine } from '@underdock/trace';
import { expect, test } from 'vitest';
import { sampleHeader } from '../trace/sample.ts';
import { stepPage } from './stepPage.ts';

const docs = new URL('../../docs/', import.meta.url);

test('the page of the steps is the one that the code makes (vitest --update writes it)', async () => {
  await expect(stepPage()).toMatchFileSnapshot(new URL('steps.md', docs).pathname);
});

test('each line that the page of the format shows can be read', async () => {
  const page = readFileSync(new URL('trace-format.md', docs), 'utf8');
  const blocks = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);
  expect(blocks.length).toBeGreaterThan(3);
  for (const block of blocks) {
    const isHeader = block.startsWith('{"underdock"');
    const { events, faults } = await collectTrace([isHeader ? '' : encodeLine(sampleHeader()), block]);
    expect(faults).toEqual([]);
    expect(events).toHaveLength(isHeader ? 0 : block.trim().split('\n').length);
  }
});
