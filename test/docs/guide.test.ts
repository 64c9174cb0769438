import { readFileSync } from 'node:fs';
import { readGuide } from '@underdock/trace';
import { guideJsonSchema } from '@underdock/trace/schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';

const docs = new URL('../../docs/', import.meta.url);
const isGuide = new Ajv2020({ strict: true }).compile(guideJsonSchema());

test('the schema of a guide in the repository is the one that the code has (vitest --update writes it)', async () => {
  const text = `${JSON.stringify(guideJsonSchema(), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(new URL('guide.schema.json', docs).pathname);
});

test('the example in the documents is a guide, by the code and by the schema', () => {
  const page = readFileSync(new URL('trace-format.md', docs), 'utf8');
  const example = [...page.matchAll(/```jsonc\n([\s\S]*?)```/g)].find(([, text]) =>
    text?.includes('underdockGuide'),
  );
  const guide = readGuide(example?.[1] ?? '');
  expect(guide.notes).toHaveLength(1);
  expect(isGuide(JSON.parse(example?.[1] ?? ''))).toBe(true);
});

test.each([
  ['another version', { underdockGuide: 2, trace: 'a' }],
  ['no trace', { underdockGuide: 1 }],
  ['a field that nobody knows', { underdockGuide: 1, trace: 'a', script: 'x' }],
  ['a note without its event', { underdockGuide: 1, trace: 'a', notes: [{ text: 'x' }] }],
])('%s is no guide by the schema', (_, given) => {
  expect(isGuide(given)).toBe(false);
});
