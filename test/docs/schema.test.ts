import { readFileSync } from 'node:fs';
import { traceJsonSchema } from '@underdock/trace/schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';
import { sampleEvent, sampleHeader } from '../trace/sample.ts';

const file = new URL('../../docs/trace.schema.json', import.meta.url);
const isLine = new Ajv2020({ strict: true, formats: { 'date-time': true } }).compile(
  JSON.parse(readFileSync(file, 'utf8')),
);

test('the schema in the repository is the one that the code has (vitest --update writes it)', async () => {
  const text = `${JSON.stringify(traceJsonSchema(), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(file.pathname);
});

test.each(RECORDED)('each line of a real trace is one by the schema: %s', async (name) => {
  const { header, events } = await recordedTrace(name);
  for (const line of [header, ...events]) {
    if (!isLine(line)) throw new Error(`${JSON.stringify(line)}: ${JSON.stringify(isLine.errors)}`);
  }
});

describe('what is no line is none by the schema', () => {
  test.each<[string, object]>([
    ['nothing', {}],
    ['another version', { ...sampleHeader(), underdock: 2 }],
    ['an id that is a path', { ...sampleHeader(), id: '../x' }],
    ['a via of nobody', { ...sampleHeader(), via: 'train' }],
    ['a start without a date', { ...sampleHeader(), startedAt: 'today' }],
    ['a header without watchers', { ...sampleHeader(), watchers: undefined }],
    ['an unknown type', sampleEvent(1, { type: 'wish' as never })],
    ['a seq of 0', sampleEvent(0)],
    ['an instant in a million years', sampleEvent(1, { at: 1e16 })],
    ['a step without its layer', sampleEvent(1, { step: 'exit' })],
    ['an actor without a name', sampleEvent(1, { actor: { name: '' } })],
    ['a grade of hearsay', sampleEvent(1, { grade: 'heard' as never })],
    [
      'evidence of a source that is none',
      sampleEvent(1, { evidence: [{ source: 'dream' as never, raw: {} }] }),
    ],
    ['seventeen causes', sampleEvent(1, { cause: Array(17).fill('s1') })],
  ])('%s', (_name, line) => {
    expect(isLine(JSON.parse(JSON.stringify(line)))).toBe(false);
  });
});
